/** What rang for the person here, kept up to date: as many as were shown are read again at each change. */
import { ref, shallowRef } from 'vue'
import { useChange } from '@/kit/changes'
import { useNewest } from '@/kit/newest'
import { sentence, tell } from '@/kit/problems'
import { useSession } from '@/kit/session'
import * as api from './api'

/** `arrived`: notices that were not there at the look before; nothing is new at the first one. */
export function useNotices(arrived: (fresh: readonly api.Notice[]) => void = () => undefined) {
  const session = useSession()
  const notices = shallowRef<api.Notice[]>([])
  const unread = ref(0)
  const next = ref<number | null>(null)
  const isLoaded = ref(false)
  const failure = ref('')
  /** What "all read" marked last, for it to be taken back. */
  const marked = ref<{ at: string; count: number } | null>(null)
  const questions = useNewest()
  let newest: number | null = null

  async function load(upTo = notices.value.length): Promise<void> {
    const question = questions.ask()
    try {
      const fresh: api.Notice[] = []
      let page: Awaited<ReturnType<typeof api.inbox>>
      do {
        page = await api.inbox(fresh.at(-1)?.id)
        fresh.push(...page.notices)
      } while (page.next !== null && fresh.length < upTo)
      if (!question.isNewest()) return
      notices.value = fresh
      next.value = page.next
      unread.value = page.unread
      isLoaded.value = true
      failure.value = ''
      const before = newest
      newest = fresh[0]?.id ?? 0
      if (before !== null) arrived(fresh.filter((one) => one.id > before && one.read_at === null))
    } catch (error) {
      if (question.isNewest()) failure.value = sentence(error)
    }
  }

  /** Shown at once; what the server has says the last word. */
  async function mark(notice: api.Notice, read: boolean): Promise<void> {
    if ((notice.read_at !== null) === read) return
    notices.value = notices.value.map((one) => (one.id === notice.id ? { ...one, read_at: read ? one.at : null } : one))
    unread.value = Math.max(0, unread.value + (read ? -1 : 1))
    await api.mark(notice.id, read).catch(tell)
    await load()
  }

  async function markAll(): Promise<void> {
    const upto = notices.value[0]?.id
    if (!upto) return
    try {
      marked.value = await api.markAll(upto)
    } catch (error) {
      tell(error)
    }
    await load()
  }

  async function undo(): Promise<void> {
    const last = marked.value
    marked.value = null
    if (last) await api.unmark(last.at).catch(tell)
    await load()
  }

  const more = () => load(notices.value.length + 1)

  void load()
  useChange('notice', () => String(session.me?.id ?? ''), () => load())
  return { notices, unread, next, isLoaded, failure, marked, load, mark, markAll, undo, more }
}

export type Notices = ReturnType<typeof useNotices>
