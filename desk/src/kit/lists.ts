/** Lists read page by page under a filter that may change at any moment, and the boxes one searches them with. */
import { onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue'
import { useNewest } from './newest'
import { sentence, tell } from './problems'

const PAUSE_MS = 300

export interface Page<Row> {
  rows: Row[]
  /** Where the next page begins; null at the end. */
  next: string | null
  /** What the answer says besides its rows: called if it is the one that is shown. */
  besides?(): void
}

/** `read` asks under the filter as it is then; only the answer to the newest question counts. */
export function usePages<Row>(read: (after?: string) => Promise<Page<Row>>) {
  const rows = shallowRef<Row[]>([])
  const next = ref<string | null>(null)
  const loading = ref(true)
  const failure = ref('')
  const questions = useNewest()

  function failed(error: unknown, isFirst: boolean): void {
    if (!isFirst) return tell(error)
    // rows of another filter under this one would be a lie
    rows.value = []
    next.value = null
    failure.value = sentence(error)
  }

  async function ask(after?: string): Promise<void> {
    const question = questions.ask()
    loading.value = true
    failure.value = ''
    try {
      const page = await read(after)
      if (!question.isNewest()) return
      rows.value = after ? [...rows.value, ...page.rows] : page.rows
      next.value = page.next
      page.besides?.()
    } catch (error) {
      if (question.isNewest()) failed(error, !after)
    } finally {
      if (question.isNewest()) loading.value = false
    }
  }

  const load = () => ask()
  /** Nothing while an answer is on its way: the next page is the next one of what will then be shown. */
  const more = async () => void (next.value && !loading.value && (await ask(next.value)))
  return { rows, next, loading, failure, load, more }
}

/** What is done once a person pauses in typing, and not at all when they have left. */
export function usePause(act: () => void) {
  let timer = 0
  const cancel = () => window.clearTimeout(timer)
  function begin(): void {
    cancel()
    timer = window.setTimeout(act, PAUSE_MS)
  }
  onScopeDispose(cancel)
  return { begin, cancel }
}

/** The text of a search box beside the address that keeps it: typing goes there, and going elsewhere comes back. */
export function useSearch(kept: () => string, search: (text: string) => void): Ref<string> {
  const typed = ref(kept())
  let gone = kept()
  const pause = usePause(() => {
    gone = typed.value.trim()
    search(gone)
  })
  watch(typed, (text) => (text.trim() === kept() ? pause.cancel() : pause.begin()))
  watch(kept, (text) => {
    if (text === gone) return // our own: more may have been typed since
    gone = text
    pause.cancel()
    typed.value = text
  })
  return typed
}
