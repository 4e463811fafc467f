/** How the house is. */
import { Setting } from '@element-plus/icons-vue'
import type { Room } from '@/kit/room'

export const system: Room = {
  name: 'system',
  entry: { group: 'setup', text: 'system.title', icon: Setting },
  pages: [{ path: 'system', name: 'system', component: () => import('./SystemPage.vue'), rights: ['system'] }],
}
