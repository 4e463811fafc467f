/** The register of written warnings. */
import { Warning } from '@element-plus/icons-vue'
import type { Room } from '@/kit/room'

export const warnings: Room = {
  name: 'warnings',
  entry: { group: 'quality', text: 'warnings.title', icon: Warning },
  pages: [{ path: 'warnings', name: 'warnings', component: () => import('./WarningsPage.vue'), rights: ['orders.read', 'orders.answer'] }],
}
