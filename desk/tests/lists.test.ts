/** Pages of a list under a filter that changes; search boxes. */
import { beforeEach, expect, test, vi } from 'vitest'
import { effectScope, nextTick, ref } from 'vue'
import { newKey } from '../src/kit/key'
import { usePages, useSearch, type Page } from '../src/kit/lists'

beforeEach(() => void vi.useFakeTimers())

/** Answers come when the test gives them. */
function scripted() {
  const waiting: { after: string | undefined; give: (page: Page<string>) => void; fail: (error: Error) => void }[] = []
  const pages = usePages<string>((after) => new Promise((give, fail) => waiting.push({ after, give, fail })))
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
