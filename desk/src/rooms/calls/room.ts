/** Calls: the list and one of them. */
import { Phone } from '@element-plus/icons-vue'
import type { Room } from '@/kit/room'

export const calls: Room = {
  name: 'calls',
  entry: { group: 'work', text: 'calls.title', icon: Phone },
  pages: [
    { path: 'calls', name: 'calls', component: () => import('./CallsPage.vue'), rights: ['calls.read', 'calls.read_own'] },
    // the id is a query: it has a dot in it, which in a path would name a file
    { path: 'calls/one', name: 'call', component: () => import('./CallPage.vue'), rights: ['calls.read', 'calls.read_own'], perAddress: true },
  ],
}
