/** What waits for one's second review. */
import { Stamp } from '@element-plus/icons-vue'
import type { Room } from '@/kit/room'

export const reviews: Room = {
  name: 'reviews',
  entry: { group: 'work', text: 'reviews.title', icon: Stamp },
  pages: [{ path: 'reviews', name: 'reviews', component: () => import('./ReviewsPage.vue'), rights: ['orders.review'] }],
}
