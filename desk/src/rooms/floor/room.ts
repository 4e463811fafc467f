/** The desk: who rings, the call, its ticket. */
import { Headset } from '@element-plus/icons-vue'
import type { Room } from '@/kit/room'

export const floor: Room = {
  name: 'desk',
  entry: { group: 'work', text: 'desk.title', icon: Headset },
  pages: [{ path: '', name: 'desk', component: () => import('./DeskPage.vue'), rights: ['desk'] }],
}
