/** Lists read page by page under a filter that may change at any moment, the boxes one filters them with, and the place one comes back to. */
import { computed, onMounted, onScopeDispose, reactive, ref, shallowRef, watch, type Ref } from 'vue'
import { onBeforeRouteLeave, useRoute, useRouter } from 'vue-router'
import { useNewest } from './newest'
import { sentence, tell } from './problems'
import { useSession } from './session'

const PAUSE_MS = 300
/** Rows of the first page, which is wanted at once, and of each that follows it. */
const FIRST_ROWS = 50
const FURTHER_ROWS = 200
/** Read again at once, when the list is refreshed; whoever had more on the screen gets the rest by scrolling on. */
const READ_AGAIN_PAGES = 10
/** A look at what has changed reads fewer, for it comes by itself: the beginning of the list, and what is in sight. */
const LOOK_PAGES = 2

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
    fresh: new Set(read.filter((row, place) => (place < readTo || readTo < 0) && !known.has(id(row))).map(id)).size,
    gone: new Set(shown.filter((row, place) => place < shownTo && !now.has(id(row))).map(id)),
  }
}

/** Rows from `after` on, so many at most. */
export type Read<Row> = (after: string | undefined, limit: number) => Promise<Page<Row>>

/** Where in the list a page begins, and what it was asked for by. */
interface Mark {
  from: number
  after: string | undefined
}

/** A list as far as it was read. */
export interface Shown<Row> {
  rows: Row[]
  next: string | null
  marks: Mark[]
}

/**
 * `read` asks under the filter as it is then; only the answer to the newest question counts. `id` tells rows apart, for a look at
 * what has changed; `inSight` is the place of the first row that is in sight.
 */
export function usePages<Row>(read: Read<Row>, id: (row: Row) => Id, inSight: () => number = () => 0) {
  const rows = shallowRef<Row[]>([])
  let marks: Mark[] = []
  const next = ref<string | null>(null)
  const loading = ref(true)
  const failure = ref('')
  const fresh = ref(0)
  const gone = shallowRef<ReadonlySet<Id>>(new Set())
  /** The last page that was asked for did not come: nobody asks for it again unbidden. */
  const stuck = ref(false)
  const questions = useNewest()
  const looks = useNewest()
  /** Something changed while rows were being read: some of them may be from before it. */
  let due = false

  function empty(): void {
    rows.value = []
    next.value = null
  }

  function forgetLook(): void {
    fresh.value = 0
    gone.value = new Set()
  }

  /**
   * From `after` on, page by page until there are `atLeast` rows, and one more than before: where the server searches piece by piece, a page
   * may have none though there are further ones. Shown in one piece, for the filter it was asked for.
   */
  async function ask(after: string | undefined, atLeast: number): Promise<void> {
    const question = questions.ask()
    if (!after) {
      due = false // all of it is asked for now
      looks.forget()
    }
    loading.value = true
    failure.value = ''
    let found = after ? rows.value : []
    const known = new Set(found.map(id))
    const wanted = Math.max(atLeast, found.length + 1)
    const begun = after ? [...marks] : []
    try {
      const page = await readOn(after)
      let goesOn = page.next
      for (let pages = 1; question.isNewest() && goesOn && found.length < wanted && pages < READ_AGAIN_PAGES; pages++) {
        goesOn = (await readOn(goesOn)).next
      }
      if (!question.isNewest()) return
      marks = begun
      rows.value = found
      next.value = goesOn
      stuck.value = false
      if (!after) forgetLook()
      page.besides?.()
    } catch (error) {
      if (!question.isNewest()) return
      stuck.value = true
      if (rows.value.length) tell(error)
      else failure.value = sentence(error)
    } finally {
      if (question.isNewest()) loading.value = false
    }
    if (due && !stuck.value) void look()

    /** A row that moved down since the page before was read comes again: it stays where it stands. */
    async function readOn(from: string | undefined): Promise<Page<Row>> {
      const page = await read(from, from ? FURTHER_ROWS : FIRST_ROWS)
      begun.push({ from: found.length, after: from })
      const fresh = page.rows.filter((row) => !known.has(id(row)))
      for (const row of fresh) known.add(id(row))
      found = [...found, ...fresh]
      return page
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

  /** From the beginning, about as far down as is shown. */
  async function readAgain(): Promise<{ first: Page<Row>; rows: Row[]; isWhole: boolean }> {
    const first = await read(undefined, FIRST_ROWS)
    const found = [...first.rows]
    let after = first.next
    for (let pages = 1; after && found.length < rows.value.length && pages < LOOK_PAGES; pages++) {
      const further = await read(after, FURTHER_ROWS)
      found.push(...further.rows)
      after = further.next
    }
    return { first, rows: found, isWhole: !after }
  }

  /** The page that is in sight, if it lies further down than `behind`, as it was and as it is now. */
  async function readInSight(behind: number): Promise<{ mark: Mark; was: Row[]; rows: Row[] } | null> {
    const at = marks.findLastIndex((one) => one.from <= inSight())
    const mark = marks[at]
    const was = mark && rows.value.slice(mark.from, marks[at + 1]?.from)
    if (!mark || !was?.length || mark.from + was.length <= behind) return null
    return { mark, was, rows: (await read(mark.after, was.length)).rows }
  }

  /** Something may have changed: rows are brought up to date where they stand. Without an answer they are at the next change. */
  async function look(): Promise<void> {
    due = loading.value
    if (due) return // once that is read
    const shown = rows.value
    if (shown.length === 0) return ask(undefined, 0) // there is nothing that could move
    const question = looks.ask()
    const hasGrown = () => rows.value !== shown || loading.value
    const again = await readAgain().catch(() => null)
    if (!again || !question.isNewest()) return // read anew meanwhile, or just being read: that answer is the newer one
    if (hasGrown()) return look()
    const sight = await readInSight(again.rows.length).catch(() => null)
    if (!question.isNewest()) return
    if (hasGrown()) return look()
    const found = looked(shown, again.rows, again.isWhole, id)
    const foundThere = sight ? looked(sight.was, sight.rows, false, id) : null
    rows.value = sight && foundThere ? [...found.rows.slice(0, sight.mark.from), ...foundThere.rows, ...found.rows.slice(sight.mark.from + sight.was.length)] : found.rows
    fresh.value = found.fresh
    const seen = new Set([...again.rows, ...(sight?.rows ?? [])].map(id))
    gone.value = new Set([...gone.value, ...found.gone, ...(foundThere?.gone ?? [])].filter((one) => !seen.has(one)))
    again.first.besides?.()
  }

  /** As it was left; what has changed since then is looked at. */
  function show(left: Shown<Row>): Promise<void> {
    marks = left.marks
    rows.value = left.rows
    next.value = left.next
    loading.value = false
    return look()
  }

  const shown = (): Shown<Row> => ({ rows: rows.value, next: next.value, marks })
  return { rows, next, loading, failure, fresh, gone, stuck, load, refresh, look, more, show, shown }
}

/** Where one is in a list. */
export interface Place {
  /** How far it is scrolled, in px, and which of the rows is the first in sight. */
  top: number
  first: number
  /** The row that has the focus, or had it last. */
  row: string | number | null
}

/** A list that was left, with where one was in it. */
type Left = Place & Shown<never>

/** By address, the latest last: of so many lists, and of the person who is logged in alone. */
const LISTS_KEPT = 8
const left = new Map<string, Left>()
let leftBy: number | undefined

/** What `person` left at this address. Nothing of anybody else's is kept any longer. */
function leftAt(address: string, person: number | undefined): Left | undefined {
  if (person !== leftBy) left.clear()
  leftBy = person
  return left.get(address)
}

function keepLeft(address: string, list: Left): void {
  left.delete(address)
  left.set(address, list)
  const [oldest] = left.keys()
  if (left.size > LISTS_KEPT && oldest !== undefined) left.delete(oldest)
}

export interface List<Row> {
  readonly rows: readonly Row[]
  readonly next: string | null
  readonly loading: boolean
  readonly failure: string
  /** New ones that are not shown yet. */
  readonly fresh: number
  /** Shown, and no longer of this list. */
  readonly gone: ReadonlySet<string | number>
  /** The next page did not come when it was asked for last. */
  readonly stuck: boolean
  /** What the server sorts by, `-` before it where the highest is first; '' where it cannot be asked to. */
  readonly sort: string
  /** The same list in another order, which the address keeps. */
  sortBy(sort: string): void
  load(): Promise<void>
  refresh(): Promise<void>
  look(): Promise<void>
  more(): Promise<void>
  /** Where one was, if one came back to it. */
  readonly was: Place | undefined
  /** What shows the list says where one is. */
  isAt(place: Partial<Place>): void
}

/** The order that the address names, if there is such a one; else the first of them. */
function useSort(sorts: readonly string[]) {
  const route = useRoute()
  const router = useRouter()
  const here = route.name
  const sort = computed<string>((before) => (route.name === here || before === undefined ? (sorts.find((one) => one === route.query.sort) ?? sorts[0] ?? '') : before))
  const sortBy = (wanted: string) => void router.replace({ query: { ...route.query, sort: wanted === sorts[0] ? undefined : wanted } })
  return { sort, sortBy }
}

/**
 * A page's list: read when the page comes up. Who comes back from a row finds it as it was left, and then what has changed.
 * `sorts`: every order the server can be asked for, its own first.
 */
export function useList<Row extends { id: Id }, Sort extends string = never>(read: (after: string | undefined, limit: number, sort: Sort) => Promise<Page<Row>>, sorts: readonly Sort[] = []): List<Row> {
  const at: Place = { top: 0, first: 0, row: null }
  const { sort, sortBy } = useSort(sorts)
  const pages = usePages((after, limit) => read(after, limit, sort.value as Sort), (row: Row) => row.id, () => at.first)
  watch(sort, () => pages.load())
  const route = useRoute()
  const known = leftAt(route.fullPath, useSession().me?.id)
  // the router writes on an entry of the history what was gone to from it: a fresh entry has nothing
  const was = (window.history.state as { forward?: unknown } | null)?.forward ? known : undefined
  if (was) Object.assign(at, { top: was.top, first: was.first, row: was.row })
  onBeforeRouteLeave((_to, from) => keepLeft(from.fullPath, { ...at, ...(pages.shown() as Shown<never>) }))
  onMounted(() => (was?.rows.length ? pages.show(was) : pages.load()))
  return reactive({ ...pages, sort, sortBy, load: () => pages.load(), was, isAt: (place: Partial<Place>) => void Object.assign(at, place) }) as List<Row>
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
