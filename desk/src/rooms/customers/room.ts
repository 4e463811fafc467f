/** Customers. */
import { User } from '@element-plus/icons-vue'
import type { Room } from '@/kit/room'

export const customers: Room = {
  name: 'customers',
  entry: { group: 'work', text: 'customers.title', icon: User },
  pages: [{ path: 'customers', name: 'customers', component: () => import('./CustomersPage.vue'), rights: ['customers.read'] }],
}
