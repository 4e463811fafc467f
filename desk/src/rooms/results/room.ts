/** What the departments' orders came to. */
import { TrendCharts } from '@element-plus/icons-vue'
import type { Room } from '@/kit/room'

export const results: Room = {
  name: 'results',
  entry: { group: 'reports', text: 'results.title', icon: TrendCharts },
  pages: [{ path: 'department-figures', name: 'results', component: () => import('./ResultsPage.vue'), rights: ['oversee', 'orders.answer'] }],
}
