/** A person's columns and views: their order, what is hidden, what came since they chose, and that the newest choice stays. */
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, test, vi } from 'vitest'
import { Refused } from '../src/kit/http'
import { arranged, moved, useOwnLists } from '../src/kit/own'
import { sentence } from '../src/kit/problems'
import { useSession } from '../src/kit/session'
import type { SavedView, Wire } from '../src/kit/wire'
import { catalogue } from '../src/words'
import { me } from './made'

interface Asked {
  method: string
  path: string
  body: unknown
  give: (body: unknown) => Promise<void>
}

let asked: Asked[]

async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve()
}

beforeEach(() => {
  asked = []
  setActivePinia(createPinia())
  useSession().me = me()
  vi.stubGlobal('fetch', (path: string, how: { method: string; body?: string }) =>
    new Promise((answer) => {
      const give = (body: unknown) => (answer({ ok: true, status: body === undefined ? 204 : 200, headers: new Headers(), json: async () => body }), settled())
      asked.push({ method: how.method, path, body: how.body && JSON.parse(how.body), give })
    }),
  )
})

const made = [{ key: 'number' }, { key: 'state' }, { key: 'summary' }]
const keys = (columns: { key: string; shown: boolean }[]) => columns.map(({ key, shown }) => (shown ? key : `-${key}`)).join(' ')

test('columns stand as they are made until somebody chooses', () => {
  expect(keys(arranged(made, []))).toBe('number state summary')
})

test('chosen columns stand in their order, those not wanted are hidden', () => {
  const chosen = [{ key: 'summary', shown: true }, { key: 'state', shown: false }, { key: 'number', shown: true }]
  expect(keys(arranged(made, chosen))).toBe('summary -state number')
})

test('a column that came since is shown where it is made, and one that is no more is forgotten', () => {
  const chosen = [{ key: 'summary', shown: true }, { key: 'number', shown: false }, { key: 'colour', shown: true }]
  expect(keys(arranged(made, chosen))).toBe('summary -number state')
  expect(keys(arranged(made, [{ key: 'summary', shown: true }]))).toBe('number state summary')
})

test('a column goes one place on, and not beyond the end', () => {
  expect(moved(['a', 'b', 'c'], 0, 1)).toEqual(['b', 'a', 'c'])
  expect(moved(['a', 'b', 'c'], 2, 1)).toEqual(['a', 'b', 'c'])
  expect(moved(['a', 'b', 'c'], 0, -1)).toEqual(['a', 'b', 'c'])
})

const only = (key: string) => [{ key, shown: true }]
const view = (id: number, name: string): SavedView => ({ id, list: 'tickets', name, query: '' })

test('what is chosen while one asks what was chosen before stays', async () => {
  const own = useOwnLists()
  void own.learn()
  void own.choose('tickets', only('summary'))
  void own.save('tickets', 'mine', '')
  await settled()
  await asked.find((one) => one.method === 'POST')?.give(view(2, 'mine'))
  const before: Wire<'MyLists'> = { columns: [{ list: 'tickets', columns: only('number') }, { list: 'calls', columns: only('at') }], views: [view(1, 'old')] }
  await asked[0]?.give(before)
  expect(own.columns).toEqual({ tickets: only('summary'), calls: only('at') })
  expect(own.views).toEqual([view(1, 'old'), view(2, 'mine')])
})

test('a view that was saved or removed while one asks stands there once, or not at all', async () => {
  const own = useOwnLists()
  void own.learn()
  void own.save('tickets', 'kept', '')
  void own.save('tickets', 'gone', '')
  await asked[1]?.give(view(1, 'kept'))
  await asked[2]?.give(view(2, 'gone'))
  void own.remove(view(2, 'gone'))
  await asked[3]?.give(undefined)
  await asked[0]?.give({ columns: [], views: [view(1, 'kept'), view(2, 'gone')] })
  expect(own.views).toEqual([view(1, 'kept')])
})

test('choices of a list are sent one after another, and in nobody else\'s name', async () => {
  const own = useOwnLists()
  const sent = () => asked.filter((one) => one.path.includes('tickets')).map((one) => one.body)
  for (const key of ['number', 'state', 'summary']) void own.choose('tickets', only(key))
  void own.choose('calls', only('at'))
  await settled()
  expect(sent()).toEqual([{ columns: only('number') }])
  expect(asked).toHaveLength(2)
  await asked[0]?.give(undefined)
  expect(sent()).toEqual([{ columns: only('number') }, { columns: only('state') }])
  useSession().me = me({ id: 9 })
  await asked[2]?.give(undefined)
  expect(asked).toHaveLength(3)
})

test('what somebody else asked before is not shown to whoever is here now', async () => {
  const own = useOwnLists()
  void own.learn()
  useSession().me = me({ id: 9 })
  useSession().me = me()
  void own.learn()
  await asked[1]?.give({ columns: [{ list: 'tickets', columns: only('state') }], views: [] })
  await asked[0]?.give({ columns: [{ list: 'tickets', columns: only('number') }], views: [view(1, 'old')] })
  expect(own.columns).toEqual({ tickets: only('state') })
  expect(own.views).toEqual([])
})

test.each(['view_taken', 'too_many_views'] as const)('why a view is not saved is said in its own words: %s', (code) => {
  expect(catalogue.problem[code]).toContain(sentence(new Refused(409, { code, message: '', fields: [] })))
})
