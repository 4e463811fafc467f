/** Service departments and the dispatch catalogue. */
import { OfficeBuilding } from '@element-plus/icons-vue'
import type { Room } from '@/kit/room'

export const departments: Room = {
  name: 'departments',
  entry: { group: 'setup', text: 'departments.title', icon: OfficeBuilding },
  pages: [{ path: 'departments', name: 'departments', component: () => import('./DepartmentsPage.vue'), rights: ['departments.write'] }],
}
