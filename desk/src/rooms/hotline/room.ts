/** What waits for the manager hotline (SPEC A4, N6, M1). */
import { Service } from '@element-plus/icons-vue'
import { h } from 'vue'
import type { Room } from '@/kit/room'
import TrayCount from '@/rooms/tickets/TrayCount.vue'

export const hotline: Room = {
  name: 'hotline',
  entry: { group: 'work', text: 'level.manager', icon: Service, count: () => h(TrayCount, { level: 'manager' }) },
  pages: [{ path: 'trays/hotline', name: 'hotline', component: () => import('./HotlinePage.vue'), rights: ['hotline'] }],
}
