/** What waits for one's second review. */
import { Stamp } from '@element-plus/icons-vue'
import type { Room } from '@/kit/room'
import WaitingCount from './WaitingCount.vue'

export const reviews: Room = {
  name: 'reviews',
  entry: { group: 'work', text: 'reviews.title', icon: Stamp, count: WaitingCount },
  pages: [{ path: 'reviews', name: 'reviews', component: () => import('./ReviewsPage.vue'), rights: ['orders.review'] }],
}
