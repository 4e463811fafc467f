/**
 * The pane beside a list that shows the row one stands on: where the window is wide enough for it, until the person closes it. The
 * browser remembers that for each person, for several share a desk.
 */
import { defineStore } from 'pinia'
import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'
import { useChanges } from './changes'
import { keep, kept } from './kept'
import { useNewest } from './newest'
import { sentence } from './problems'
import { useSession } from './session'
import type { Kind } from './wire'

const WIDE = '(min-width: 1600px)'
/** Whoever walks over rows looks at none of them: only where they stay so long is it fetched. */
const STAYS_MS = 150

export const usePreview = defineStore('preview', () => {
  const session = useSession()
  const isWide = ref(false)
  const isClosed = ref(false)
  const key = () => `preview.${session.me?.id ?? 0}`

  watch(() => session.me?.id, () => (isClosed.value = kept<'open' | 'closed'>(key(), 'open') === 'closed'), { immediate: true })

  /** Called when a list is there, not before: what draws without a window has none to ask. */
  function measure(): void {
    const wide = window.matchMedia(WIDE)
    isWide.value = wide.matches
    const look = () => void (isWide.value = wide.matches)
    wide.addEventListener('change', look)
    onScopeDispose(() => wide.removeEventListener('change', look))
  }

  function turn(to: 'open' | 'closed'): void {
    isClosed.value = to === 'closed'
    keep(key(), to)
  }

  return { isWide, isClosed, isOpen: computed(() => isWide.value && !isClosed.value), measure, turn }
})

/**
 * What a pane shows of one thing, read once one stays on it, and again when something of these kinds changes. Whoever goes on lets the
 * question before go; only the answer to the newest one is shown.
 */
export function usePreviewed<Id, Thing>(id: () => Id, kinds: readonly Kind[], read: (id: Id, signal: AbortSignal) => Promise<Thing>) {
  const thing = shallowRef<Thing | null>(null)
  const failure = ref('')
  const questions = useNewest()
  let asking = new AbortController()
  let timer = 0

  function letGo(): void {
    window.clearTimeout(timer)
    asking.abort()
    questions.forget()
  }

  async function load(): Promise<void> {
    letGo()
    asking = new AbortController()
    const question = questions.ask()
    try {
      const fresh = await read(id(), asking.signal)
      if (!question.isNewest()) return
      thing.value = fresh
      failure.value = ''
    } catch (error) {
      if (question.isNewest()) failure.value = sentence(error)
    }
  }

  watch(
    id,
    () => {
      letGo()
      thing.value = null
      failure.value = ''
      timer = window.setTimeout(() => void load(), STAYS_MS)
    },
    { immediate: true },
  )
  useChanges(kinds, () => void load())
  onScopeDispose(letGo)
  return { thing, failure, load }
}
