/** Working calendars: which days and hours count for deadlines. */
import { Calendar } from '@element-plus/icons-vue'
import type { Room } from '@/kit/room'

export const calendar: Room = {
  name: 'calendar',
  entry: { group: 'setup', text: 'calendar.title', icon: Calendar },
  pages: [{ path: 'calendar', name: 'calendar', component: () => import('./CalendarPage.vue'), rights: ['departments.write'] }],
}
