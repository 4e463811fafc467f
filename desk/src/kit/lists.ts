/** Lists read page by page under a filter that may change at any moment, the boxes one filters them with, and the place one comes back to. */
import { computed, onMounted, onScopeDispose, reactive, ref, shallowRef, watch, type Ref } from 'vue'
import { onBeforeRouteLeave, useRoute, useRouter } from 'vue-router'
import { useNewest } from './newest'
import { sentence, tell } from './problems'

const PAUSE_MS = 300
/** Read again at once, when one comes back or the list is refreshed; whoever had more on the screen gets the rest by "more". */
const READ_AGAIN_PAGES = 10
/** A look at what has changed reads fewer, for it comes by itself: what is further down stays as it was until it is refreshed. */
const LOOK_PAGES = 4

export interface Page<Row> {
  rows: Row[]
  /** Where the next page begins; null at the end. */
  next: string | null
  /** What the answer says besides its rows: called if it is the one that is shown. */
  besides?(): void
}

type Id = string | number

/** What a look found out about the rows that are shown. */
export interface Looked<Row> {
  /** The same rows at the same places, each as it is now. */
  rows: Row[]
  /** Rows of this filter that are not shown: how many. */
  fresh: number
  /** Rows that are shown and are no longer of this filter. */
  gone: ReadonlySet<Id>
}

/** Rows as they are shown beside those read just now from the top. Nothing moves: what is new is counted, what is gone stays. */
export function looked<Row>(shown: readonly Row[], read: readonly Row[], isWhole: boolean, id: (row: Row) => Id): Looked<Row> {
  const now = new Map(read.map((row) => [id(row), row]))
  const known = new Set(shown.map(id))
  // beyond the last row that both have nothing is known of either
  const readTo = isWhole ? read.length : read.findLastIndex((row) => known.has(id(row)))
  const shownTo = isWhole ? shown.length : shown.findLastIndex((row) => now.has(id(row)))
  return {
    rows: shown.map((row) => now.get(id(row)) ?? row),
    fresh: read.filter((row, place) => (place < readTo || readTo < 0) && !known.has(id(row))).length,
    gone: new Set(shown.filter((row, place) => place < shownTo && !now.has(id(row))).map(id)),
  }
}

/**
 * `read` asks under the filter as it is then; only the answer to the newest question counts. `id` tells rows apart, for a look at
 * what has changed.
 */
export function usePages<Row>(read: (after?: string) => Promise<Page<Row>>, id: (row: Row) => Id) {
  const rows = shallowRef<Row[]>([])
  const next = ref<string | null>(null)
  const loading = ref(true)
  const failure = ref('')
  const fresh = ref(0)
  const gone = shallowRef<ReadonlySet<Id>>(new Set())
  const questions = useNewest()
  const looks = useNewest()

  function empty(): void {
    rows.value = []
    next.value = null
  }

  function forgetLook(): void {
    fresh.value = 0
    gone.value = new Set()
  }

  /** From `after` on, page by page until there are `atLeast` rows; shown in one piece, for the filter it was asked for. */
  async function ask(after: string | undefined, atLeast: number): Promise<void> {
    const question = questions.ask()
    loading.value = true
    failure.value = ''
    const before = after ? rows.value : []
    try {
      const page = await read(after)
      let found = [...before, ...page.rows]
      let goesOn = page.next
      for (let pages = 1; question.isNewest() && goesOn && found.length < atLeast && pages < READ_AGAIN_PAGES; pages++) {
        const another = await read(goesOn)
        found = [...found, ...another.rows]
        goesOn = another.next
      }
      if (!question.isNewest()) return
      rows.value = found
      next.value = goesOn
      if (!after) forgetLook()
      page.besides?.()
    } catch (error) {
      if (!question.isNewest()) return
      if (rows.value.length) tell(error)
      else failure.value = sentence(error)
    } finally {
      if (question.isNewest()) loading.value = false
    }
  }

  /** Under a new filter, so without the rows of the old one: those under its name would be a lie. */
  function load(atLeast = 0): Promise<void> {
    empty()
    forgetLook()
    return ask(undefined, atLeast)
  }

  /** The same list as it is now, as much of it as is shown. Nothing jumps: rows stay until their successors are there. */
  const refresh = () => ask(undefined, rows.value.length)
  /** Nothing while an answer is on its way: the next page is the next one of what will then be shown. */
  const more = async () => void (next.value && !loading.value && (await ask(next.value, 0)))

  /** From the top, about as far down as is shown. */
  async function readAgain(): Promise<{ first: Page<Row>; rows: Row[]; isWhole: boolean }> {
    const first = await read()
    const found = [...first.rows]
    let after = first.next
    for (let pages = 1; after && found.length < rows.value.length && pages < LOOK_PAGES; pages++) {
      const further = await read(after)
      found.push(...further.rows)
      after = further.next
    }
    return { first, rows: found, isWhole: !after }
  }

  /** Something may have changed: rows are brought up to date where they stand. Without an answer they are at the next change. */
  async function look(): Promise<void> {
    if (loading.value) return
    const shown = rows.value
    if (shown.length === 0) return ask(undefined, 0) // there is nothing that could move
    const question = looks.ask()
    const again = await readAgain().catch(() => null)
    // read anew meanwhile, or just being read: that answer is the newer one
    if (!again || !question.isNewest() || rows.value !== shown || loading.value) return
    const found = looked(shown, again.rows, again.isWhole, id)
    rows.value = found.rows
    fresh.value = found.fresh
    gone.value = found.gone
    again.first.besides?.()
  }

  return { rows, next, loading, failure, fresh, gone, load, refresh, look, more }
}

/** Where one is in a list. */
export interface Place {
  rows: number
  /** How far it is scrolled, in px. */
  top: number
  /** The row that has the focus, or had it last. */
  row: string | number | null
}

/** By address, for as long as the desk is open. */
const places = new Map<string, Place>()

export interface List<Row> {
  readonly rows: readonly Row[]
  readonly next: string | null
  readonly loading: boolean
  readonly failure: string
  /** New ones that are not shown yet. */
  readonly fresh: number
  /** Shown, and no longer of this list. */
  readonly gone: ReadonlySet<string | number>
  load(): Promise<void>
  refresh(): Promise<void>
  look(): Promise<void>
  more(): Promise<void>
  /** Where one was, if one came back to it. */
  readonly was: Place | undefined
  /** What shows the list says where one is. */
  isAt(place: Partial<Place>): void
}

/** A page's list: read when the page comes up, and when one comes back from a row as far as it was read before. */
export function useList<Row extends { id: Id }>(read: (after?: string) => Promise<Page<Row>>): List<Row> {
  const pages = usePages(read, (row) => row.id)
  const route = useRoute()
  // the router writes on an entry of the history what was gone to from it: a fresh entry has nothing
  const was = (window.history.state as { forward?: unknown } | null)?.forward ? places.get(route.fullPath) : undefined
  const at: Place = { rows: 0, top: 0, row: null, ...was }
  onBeforeRouteLeave((_to, from) => void places.set(from.fullPath, { ...at, rows: pages.rows.value.length }))
  onMounted(() => pages.load(at.rows))
  return reactive({ ...pages, load: () => pages.load(), was, isAt: (place: Partial<Place>) => void Object.assign(at, place) }) as List<Row>
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

/** What a list is filtered by, kept in the address: who comes back to it, or is sent it, finds the same. */
export function useFilters<Name extends string>(names: readonly Name[]) {
  type Values = Record<Name, string>
  const route = useRoute()
  const router = useRouter()
  const here = route.name
  const values = (of: (name: Name) => unknown) => Object.fromEntries(names.map((name) => [name, String(of(name) ?? '')])) as Values
  const isSame = (one: Values, other: Values) => names.every((name) => one[name] === other[name])
  /** Leaving the page is no change of its filter. */
  const kept = computed<Values>((before) => (route.name === here || !before ? values((name) => route.query[name]) : before))
  const typed = reactive({ ...kept.value }) as Values
  const trimmed = () => values((name) => typed[name].trim())
  let gone = kept.value

  function keepNow(): void {
    gone = trimmed()
    void router.replace({ query: { ...route.query, ...values((name) => gone[name]), ...Object.fromEntries(names.filter((name) => !gone[name]).map((name) => [name, undefined])) } })
  }

  const pause = usePause(keepNow)
  watch(typed, () => (isSame(trimmed(), kept.value) ? pause.cancel() : pause.begin()))
  watch(kept, (fresh, before) => {
    if (isSame(fresh, gone) || isSame(fresh, before)) return // our own: more may have been typed since
    gone = fresh
    pause.cancel()
    Object.assign(typed, fresh)
  })
  return { typed, kept }
}
