/** What waits for a senior agent (SPEC A2, A7, T5, X1). */
import { Finished } from '@element-plus/icons-vue'
import { h } from 'vue'
import type { Room } from '@/kit/room'
import TrayCount from '@/rooms/tickets/TrayCount.vue'

export const seniors: Room = {
  name: 'seniors',
  entry: { group: 'work', text: 'trays.seniors', icon: Finished, count: () => h(TrayCount, { level: 'senior' }) },
  pages: [{ path: 'trays/seniors', name: 'seniors', component: () => import('./SeniorsPage.vue'), rights: ['tickets.lead'] }],
}
