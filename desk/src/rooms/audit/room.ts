/** Who did what. */
import { DocumentChecked } from '@element-plus/icons-vue'
import type { Room } from '@/kit/room'

export const audit: Room = {
  name: 'audit',
  entry: { group: 'setup', text: 'audit.title', icon: DocumentChecked },
  pages: [{ path: 'audit', name: 'audit', component: () => import('./AuditPage.vue'), rights: ['audit'] }],
}
