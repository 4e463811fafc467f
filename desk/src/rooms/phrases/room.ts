/** Reasons that people choose from, and blocks of text that they put into what they write. */
import { ChatLineSquare } from '@element-plus/icons-vue'
import type { Room } from '@/kit/room'

export const phrases: Room = {
  name: 'phrases',
  entry: { group: 'setup', text: 'phrases.title', icon: ChatLineSquare },
  pages: [{ path: 'phrases', name: 'phrases', component: () => import('./PhrasesPage.vue'), rights: ['lexicon.write'] }],
}
