/** Classes and the words they are found by. */
import { Collection } from '@element-plus/icons-vue'
import type { Room } from '@/kit/room'

export const classes: Room = {
  name: 'lexicon',
  entry: { group: 'setup', text: 'lexicon.room', icon: Collection },
  pages: [{ path: 'lexicon', name: 'lexicon', component: () => import('./LexiconPage.vue'), rights: ['lexicon.write'] }],
}
