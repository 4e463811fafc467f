/** Where every open case stands. */
import { DataBoard } from '@element-plus/icons-vue'
import type { Room } from '@/kit/room'

export const cases: Room = {
  name: 'cases',
  entry: { group: 'work', text: 'cases.title', icon: DataBoard },
  pages: [{ path: 'open-cases', name: 'cases', component: () => import('./CasesPage.vue'), rights: ['oversee'] }],
}
