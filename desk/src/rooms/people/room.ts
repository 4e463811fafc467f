/** Who works here. */
import { UserFilled } from '@element-plus/icons-vue'
import type { Room } from '@/kit/room'

export const people: Room = {
  name: 'people',
  entry: { group: 'setup', text: 'people.title', icon: UserFilled },
  pages: [{ path: 'people', name: 'people', component: () => import('./PeoplePage.vue'), rights: ['people'] }],
}
