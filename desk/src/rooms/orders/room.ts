/** Work orders as a department has them. */
import { List } from '@element-plus/icons-vue'
import type { Room } from '@/kit/room'

export const orders: Room = {
  name: 'orders',
  entry: { group: 'work', text: 'orders.title', icon: List },
  pages: [{ path: 'orders', name: 'orders', component: () => import('./OrdersPage.vue'), rights: ['orders.answer'] }],
}
