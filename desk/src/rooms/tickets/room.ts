/** Tickets: the list and one of them. */
import { Tickets } from '@element-plus/icons-vue'
import type { Room } from '@/kit/room'

export const tickets: Room = {
  name: 'tickets',
  entry: { group: 'work', text: 'list.title', icon: Tickets },
  pages: [
    { path: 'tickets', name: 'tickets', component: () => import('./TicketsPage.vue'), rights: ['tickets.read'] },
    { path: 'tickets/:id(\\d+|new)', name: 'ticket', component: () => import('./TicketPage.vue'), rights: ['tickets.read'], perAddress: true },
  ],
}
