/** Suggestions that wait for the data administrator (SPEC A3). */
import { Opportunity } from '@element-plus/icons-vue'
import { h } from 'vue'
import type { Room } from '@/kit/room'
import TrayCount from '@/rooms/tickets/TrayCount.vue'

export const suggestions: Room = {
  name: 'suggestions',
  entry: { group: 'work', text: 'trays.suggestions', icon: Opportunity, count: () => h(TrayCount, { level: 'data_administrator' }) },
  pages: [{ path: 'trays/suggestions', name: 'suggestions', component: () => import('./SuggestionsPage.vue'), rights: ['suggestions'] }],
}
