/** What waits for whoever is logged in, in all their roles. */
import { HomeFilled } from '@element-plus/icons-vue'
import type { Room } from '@/kit/room'

export const home: Room = {
  name: 'home',
  entry: { group: 'work', text: 'home.title', icon: HomeFilled },
  pages: [{ path: 'home', name: 'home', component: () => import('./HomePage.vue'), rights: ['board', 'orders.answer'] }],
}
