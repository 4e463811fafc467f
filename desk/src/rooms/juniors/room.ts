/** What was put back among the junior agents, for any agent to take. */
import { Box } from '@element-plus/icons-vue'
import { h } from 'vue'
import type { Room } from '@/kit/room'
import TrayCount from '@/rooms/tickets/TrayCount.vue'

export const juniors: Room = {
  name: 'juniors',
  entry: { group: 'work', text: 'trays.juniors', icon: Box, count: () => h(TrayCount, { level: 'junior' }) },
  pages: [{ path: 'trays/juniors', name: 'juniors', component: () => import('./JuniorsPage.vue'), rights: ['tickets.write'] }],
}
