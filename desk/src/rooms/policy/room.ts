/** What each role may do. */
import { Lock } from '@element-plus/icons-vue'
import type { Room } from '@/kit/room'

export const policy: Room = {
  name: 'policy',
  entry: { group: 'setup', text: 'policy.title', icon: Lock },
  pages: [{ path: 'policy', name: 'policy', component: () => import('./PolicyPage.vue'), rights: ['policy'] }],
}
