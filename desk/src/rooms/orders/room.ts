/** Work orders as a department has them, and the one order to which a link in a mail leads. */
import { List } from '@element-plus/icons-vue'
import type { Room } from '@/kit/room'

export const orders: Room = {
  name: 'orders',
  entry: { group: 'work', text: 'orders.title', icon: List },
  pages: [
    { path: 'orders', name: 'orders', component: () => import('./OrdersPage.vue'), rights: ['orders.answer'] },
    { path: 'answer', name: 'answer', component: () => import('./AnswerPage.vue'), bare: true, open: true },
  ],
}
