/** Pages of a list under a filter that changes; search boxes. */
import { beforeEach, expect, test, vi } from 'vitest'
import { effectScope, nextTick, ref } from 'vue'
import { newKey } from '../src/kit/key'
import { looked, usePages, useSearch, type Page } from '../src/kit/lists'

beforeEach(() => void vi.useFakeTimers())

/** Answers come when the test gives them. */
function scripted() {
  const waiting: { after: string | undefined; give: (page: Page<string>) => void; fail: (error: Error) => void }[] = []
  const pages = usePages<string>((after) => new Promise((give, fail) => waiting.push({ after, give, fail })), (row) => row)
  return { pages, waiting }
}

const settle = (ms = 0) => vi.advanceTimersByTimeAsync(ms)

test('more rows of the filter before are not put under the new one', async () => {
  const { pages, waiting } = scripted()
  void pages.load()
  waiting[0]?.give({ rows: ['old'], next: 'a' })
  await settle()
  void pages.more()
  void pages.load()
  waiting[2]?.give({ rows: ['new'], next: null })
  await settle()
  waiting[1]?.give({ rows: ['older'], next: 'b' })
  await settle()
  expect(pages.rows.value).toEqual(['new'])
  expect(pages.next.value).toBeNull()
})

test('pressed twice, the next page comes once', async () => {
  const { pages, waiting } = scripted()
  void pages.load()
  waiting[0]?.give({ rows: ['1'], next: 'a' })
  await settle()
  void pages.more()
  void pages.more()
  expect(waiting).toHaveLength(2)
  waiting[1]?.give({ rows: ['2'], next: null })
  await settle()
  expect(pages.rows.value).toEqual(['1', '2'])
})

test('when the new filter cannot be asked, the rows of the old one are not shown for it', async () => {
  const { pages, waiting } = scripted()
  void pages.load()
  waiting[0]?.give({ rows: ['old'], next: 'a' })
  await settle()
  void pages.load()
  waiting[1]?.fail(new Error('away'))
  await settle()
  expect(pages.rows.value).toEqual([])
  expect(pages.failure.value).not.toBe('')
  expect(pages.loading.value).toBe(false)
})

interface Row { id: number; state: string }
const row = (id: number, state = 'draft'): Row => ({ id, state })
const look = (shown: Row[], read: Row[], isWhole = true) => looked(shown, read, isWhole, ({ id }) => id)

test('a row that changed is shown as it is now, where it stands; what is new is counted and moves nothing', () => {
  const found = look([row(3), row(2), row(1)], [row(4), row(3), row(2, 'open'), row(1)])
  expect(found).toEqual({ rows: [row(3), row(2, 'open'), row(1)], fresh: 1, gone: new Set() })
})

test('a row that is of this view no longer stays where it is, and is known as gone', () => {
  const found = look([row(3), row(2), row(1)], [row(3), row(1)])
  expect(found).toEqual({ rows: [row(3), row(2), row(1)], fresh: 0, gone: new Set([2]) })
})

test('what lies further down than was read is neither gone nor new', () => {
  const found = look([row(5), row(4), row(3), row(2), row(1)], [row(6), row(5), row(3), row(2)], false)
  expect(found).toEqual({ rows: [row(5), row(4), row(3), row(2), row(1)], fresh: 1, gone: new Set([4]) })
  // a gone row makes room for one that lay below what is shown: it is no new one
  expect(look([row(5), row(4), row(3)], [row(5), row(3), row(2)], false).fresh).toBe(0)
})

test('a page full of new ones says nothing of those that are shown', () => {
  const found = look([row(2), row(1)], [row(9), row(8), row(7)], false)
  expect(found).toEqual({ rows: [row(2), row(1)], fresh: 3, gone: new Set() })
})

test('a look reads as far down as is shown, and its answer does not come in over a newer reading', async () => {
  const waiting: { after: string | undefined; give: (page: Page<Row>) => void }[] = []
  const pages = usePages<Row>((after) => new Promise((give) => waiting.push({ after, give })), ({ id }) => id)
  const answer = async (place: number, page: Page<Row>) => (waiting[place]?.give(page), await settle())
  void pages.load()
  await answer(0, { rows: [row(4), row(3)], next: 'a' })
  void pages.more()
  await answer(1, { rows: [row(2), row(1)], next: 'b' })
  void pages.look()
  await answer(2, { rows: [row(5), row(4)], next: 'c' })
  expect(waiting[3]?.after).toBe('c')
  await answer(3, { rows: [row(3, 'open'), row(2)], next: 'd' })
  expect(pages.rows.value).toEqual([row(4), row(3, 'open'), row(2), row(1)])
  expect(pages.fresh.value).toBe(1)
  expect(pages.next.value).toBe('b')
  void pages.look()
  void pages.load()
  await answer(5, { rows: [row(5)], next: null })
  await answer(4, { rows: [row(6), row(5), row(4)], next: null })
  expect(pages.rows.value).toEqual([row(5)])
  expect(pages.fresh.value).toBe(0)
})

test('an empty list that gets a row shows it: there is nothing that could move', async () => {
  const answers: Page<Row>[] = [{ rows: [], next: null }, { rows: [row(1)], next: null }]
  const pages = usePages<Row>(async () => answers.shift() as Page<Row>, ({ id }) => id)
  await pages.load()
  await pages.look()
  expect(pages.rows.value).toEqual([row(1)])
  expect(pages.fresh.value).toBe(0)
})

function box() {
  const kept = ref('')
  const searched: string[] = []
  const scope = effectScope()
  const typed = scope.run(() => useSearch(() => kept.value, (text) => searched.push(text)))
  if (!typed) throw new Error('no box')
  return { kept, searched, scope, typed }
}

test('a search is made once one pauses', async () => {
  const { searched, typed } = box()
  for (const text of ['b', 'br', 'bro ']) {
    typed.value = text
    await settle(100)
  }
  await settle(300)
  expect(searched).toEqual(['bro'])
})

test('going to the room anew empties its search box', async () => {
  const { kept, typed } = box()
  kept.value = 'broken'
  await nextTick()
  expect(typed.value).toBe('broken')
  kept.value = ''
  await nextTick()
  expect(typed.value).toBe('')
})

test('what is typed on while the search is made stays', async () => {
  const { kept, searched, typed } = box()
  typed.value = 'bro'
  await settle(300)
  typed.value = 'brok'
  await settle(0)
  kept.value = 'bro'
  await settle(300)
  expect(typed.value).toBe('brok')
  expect(searched).toEqual(['bro', 'brok'])
})

test('who leaves in the middle of typing searches no more', async () => {
  const { searched, scope, typed } = box()
  typed.value = 'bro'
  await settle(100)
  scope.stop()
  await settle(1000)
  expect(searched).toEqual([])
})

test('a new ticket has a key of its own, made without what only https has', () => {
  vi.stubGlobal('crypto', { getRandomValues: crypto.getRandomValues.bind(crypto) })
  expect(newKey()).toMatch(/^[0-9a-f]{32}$/)
  expect(newKey()).not.toBe(newKey())
})

test('under another filter the rows of the one before are gone at once, not when the answer comes', async () => {
  const { pages, waiting } = scripted()
  void pages.load()
  waiting[0]?.give({ rows: ['old'], next: 'a' })
  await settle()
  void pages.load()
  expect(pages.rows.value).toEqual([])
})

test('read again, a list keeps its rows until as many are there anew, and changes in one piece', async () => {
  const { pages, waiting } = scripted()
  void pages.load()
  waiting[0]?.give({ rows: ['1', '2'], next: 'a' })
  await settle()
  void pages.more()
  waiting[1]?.give({ rows: ['3'], next: null })
  await settle()
  void pages.refresh()
  waiting[2]?.give({ rows: ['0', '1'], next: 'b' })
  await settle()
  expect(pages.rows.value).toEqual(['1', '2', '3'])
  expect(waiting[3]?.after).toBe('b')
  waiting[3]?.give({ rows: ['2', '3'], next: 'c' })
  await settle()
  expect(pages.rows.value).toEqual(['0', '1', '2', '3'])
  expect(pages.next.value).toBe('c')
})

test('when it cannot be read again, what is shown stays', async () => {
  const { pages, waiting } = scripted()
  void pages.load()
  waiting[0]?.give({ rows: ['1'], next: null })
  await settle()
  void pages.refresh()
  waiting[1]?.fail(new Error('away'))
  await settle()
  expect(pages.rows.value).toEqual(['1'])
  expect(pages.failure.value).toBe('')
})

/** Rows 1 to 1000 by pages, as the server has them: what is changed there is answered from then on. */
function served() {
  const rows = Array.from({ length: 1000 }, (_, n) => row(n + 1))
  const asked: [after: string | undefined, limit: number][] = []
  let isAway = false
  let sight = 0
  const read = async (after: string | undefined, limit: number): Promise<Page<Row>> => {
    asked.push([after, limit])
    if (isAway) throw new Error('away')
    const from = after ? rows.findIndex(({ id }) => id === Number(after)) + 1 : 0
    const found = rows.slice(from, from + limit)
    return { rows: found, next: from + limit < rows.length ? String(found.at(-1)?.id) : null }
  }
  const pages = usePages<Row>(read, ({ id }) => id, () => sight)
  return { rows, asked, pages, read, see: (place: number) => (sight = place), goAway: (away: boolean) => (isAway = away) }
}

async function readTo(pages: ReturnType<typeof served>['pages'], count: number): Promise<void> {
  await pages.load()
  while (pages.rows.value.length < count) await pages.more()
}

test('the page in sight is brought up to date however far down it is, and the one between is not asked for', async () => {
  const { rows, asked, pages, see } = served()
  await readTo(pages, 650)
  rows[500] = row(501, 'open')
  rows.splice(510, 1)
  see(500)
  asked.length = 0
  await pages.look()
  expect(asked).toEqual([[undefined, 50], ['50', 200], ['450', 200]])
  expect(pages.rows.value[500]).toEqual(row(501, 'open'))
  expect(pages.gone.value).toEqual(new Set([511]))
  expect(pages.rows.value).toHaveLength(650)
})

test('a row that is gone is known as gone until it is seen again, also when one looks elsewhere', async () => {
  const { rows, pages, see } = served()
  await readTo(pages, 650)
  const [gone] = rows.splice(510, 1)
  see(500)
  await pages.look()
  see(0)
  await pages.look()
  expect(pages.gone.value).toEqual(new Set([511]))
  rows.splice(510, 0, gone as Row)
  see(500)
  await pages.look()
  expect(pages.gone.value).toEqual(new Set())
})

test('a page that did not come is not asked for again unbidden', async () => {
  const { pages, goAway } = served()
  await pages.load()
  goAway(true)
  await pages.more()
  expect(pages.stuck.value).toBe(true)
  goAway(false)
  await pages.more()
  expect(pages.stuck.value).toBe(false)
  expect(pages.rows.value).toHaveLength(250)
})

test('who comes back has the list at once as it was left, and then what has changed', async () => {
  const { rows, pages, read } = served()
  await readTo(pages, 650)
  const left = pages.shown()
  rows[600] = row(601, 'open')
  rows.unshift(row(2000))
  const back = usePages<Row>(read, ({ id }) => id, () => 600)
  const looking = back.show(left)
  expect(back.rows.value).toHaveLength(650)
  expect(back.loading.value).toBe(false)
  await looking
  expect(back.rows.value[600]).toEqual(row(601, 'open'))
  expect(back.fresh.value).toBe(1)
  await back.more()
  expect(back.rows.value.length).toBeGreaterThan(650)
})

test('a row that moved down between two pages stands in the list once', async () => {
  const { pages, waiting } = scripted()
  void pages.load()
  waiting[0]?.give({ rows: ['1', '2'], next: 'a' })
  await settle()
  void pages.more()
  waiting[1]?.give({ rows: ['2', '3'], next: 'b' })
  await settle()
  expect(pages.rows.value).toEqual(['1', '2', '3'])
  void pages.refresh()
  waiting[2]?.give({ rows: ['1', '2'], next: 'c' })
  await settle()
  waiting[3]?.give({ rows: ['2', '3'], next: null })
  await settle()
  expect(pages.rows.value).toEqual(['1', '2', '3'])
})

test('a new row that a look reads twice is counted once', () => {
  expect(look([row(1)], [row(3), row(2), row(3), row(1)]).fresh).toBe(2)
})

test('a search goes on through pages without a row, and says so where it stopped before the end', async () => {
  const asked: (string | undefined)[] = []
  let last = 3
  const pages = usePages<Row>(
    async (after) => {
      asked.push(after)
      const place = Number(after ?? 0)
      return place === last ? { rows: [row(1)], next: null } : { rows: [], next: String(place + 1) }
    },
    ({ id }) => id,
  )
  await pages.load()
  expect(asked).toEqual([undefined, '1', '2', '3'])
  expect(pages.rows.value).toEqual([row(1)])
  last = 15
  asked.length = 0
  await pages.load()
  expect(asked).toHaveLength(10)
  expect(pages.rows.value).toEqual([])
  expect(pages.next.value).toBe('10')
  await pages.more()
  expect(pages.rows.value).toEqual([row(1)])
  expect(pages.next.value).toBeNull()
})

/** A list of two pages, the first one read; answers come when the test gives them. */
async function begun() {
  const waiting: { after: string | undefined; give: (page: Page<Row>) => void; fail: (error: Error) => void }[] = []
  const pages = usePages<Row>((after) => new Promise((give, fail) => waiting.push({ after, give, fail })), ({ id }) => id)
  const answer = async (place: number, page: Page<Row>) => (waiting[place]?.give(page), await settle())
  void pages.load()
  await answer(0, { rows: [row(4), row(3)], next: 'a' })
  return { pages, waiting, answer }
}

test('what changes while a page is on its way is looked at once the page is there', async () => {
  const { pages, waiting, answer } = await begun()
  void pages.more()
  void pages.look()
  void pages.look()
  expect(waiting).toHaveLength(2)
  await answer(1, { rows: [row(2)], next: null })
  expect(waiting).toHaveLength(3)
  await answer(2, { rows: [row(4, 'open'), row(3), row(2)], next: null })
  expect(pages.rows.value).toEqual([row(4, 'open'), row(3), row(2)])
  expect(waiting).toHaveLength(3)
})

test('a look whose answer finds more rows than it was asked for is made again', async () => {
  const { pages, waiting, answer } = await begun()
  void pages.look()
  void pages.more()
  await answer(1, { rows: [row(4, 'open'), row(3)], next: 'a' })
  expect(waiting).toHaveLength(3)
  await answer(2, { rows: [row(2)], next: null })
  await answer(3, { rows: [row(4, 'open'), row(3), row(2)], next: null })
  expect(pages.rows.value).toEqual([row(4, 'open'), row(3), row(2)])
  void pages.look()
  void pages.refresh()
  await answer(5, { rows: [row(4, 'closed')], next: null })
  await answer(4, { rows: [row(4, 'open')], next: null })
  expect(pages.rows.value).toEqual([row(4, 'closed')])
  expect(waiting).toHaveLength(6)
})

test('with the server away nobody looks unbidden; once a page comes, what is due is looked at', async () => {
  const { pages, waiting, answer } = await begun()
  void pages.more()
  void pages.look()
  waiting[1]?.fail(new Error('away'))
  await settle()
  expect(waiting).toHaveLength(2)
  void pages.more()
  await answer(2, { rows: [row(2)], next: null })
  expect(waiting).toHaveLength(4)
})
