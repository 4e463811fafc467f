/** How the juniors' papers came out. */
import { Medal } from '@element-plus/icons-vue'
import type { Room } from '@/kit/room'

export const assessments: Room = {
  name: 'assessments',
  entry: { group: 'quality', text: 'assessments.title', icon: Medal },
  pages: [{ path: 'assessments', name: 'assessments', component: () => import('./AssessmentsPage.vue'), rights: ['oversee'] }],
}
