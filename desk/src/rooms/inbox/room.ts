/** What rang for oneself: under the bell of the frame, and on a page of its own. */
import type { Room } from '@/kit/room'

export const inbox: Room = {
  name: 'inbox',
  pages: [{ path: 'inbox', name: 'inbox', component: () => import('./InboxPage.vue'), rights: ['inbox'] }],
}
