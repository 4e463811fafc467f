/** What every form does with what is wrong: its own rules before the server is asked, everything at its field. */
import { beforeEach, expect, test } from 'vitest'
import { createSSRApp, h } from 'vue'
import { renderToString } from 'vue/server-renderer'
import { ask, asked } from '../src/kit/ask'
import { filled, useEntries } from '../src/kit/entries'
import { Refused } from '../src/kit/http'
import { useClasses } from '../src/rooms/classes/classes'
import { speak } from '../src/words'

const refused = (...fields: { field: string; code: string; wanted: string; came: string }[]) => new Refused(422, { code: 'invalid', message: '', fields })
let name: string
let entries: ReturnType<typeof useEntries<'name'>>

beforeEach(async () => {
  speak('en')
  name = ''
  const app = createSSRApp({
    setup() {
      entries = useEntries<'name'>(() => ({ name: filled(name) }))
      return () => h('form')
    },
  })
  await renderToString(app)
})

test('what is empty is said at its field, and the server is not asked', async () => {
  let asks = 0
  expect(await entries.submit(async () => asks++)).toBe(false)
  expect(asks).toBe(0)
  expect(entries.problems.value).toEqual({ name: 'Please fill this in' })
  name = 'Li'
  expect(await entries.submit(async () => asks++)).toBe(true)
  expect(asks).toBe(1)
})

test('what the server says of a field stands at the field, and of another one above the button', async () => {
  name = 'Li'
  expect(await entries.submit(() => Promise.reject(refused({ field: 'body.name', code: 'taken', wanted: 'another', came: '' })))).toBe(false)
  expect(entries.problems.value).toEqual({ name: 'Wanted: another' })
  expect(entries.refusal.value).toBe('')
  await entries.submit(() => Promise.reject(refused({ field: 'shoe', code: 'missing', wanted: '', came: '' })))
  expect(entries.problems.value).toEqual({})
  expect(entries.refusal.value).toContain('Something is not right')
})

test('pressed twice it is sent once', async () => {
  name = 'Li'
  let finish = () => {}
  const first = entries.submit(() => new Promise<void>((over) => (finish = over)))
  expect(await entries.submit(async () => expect.unreachable())).toBe(false)
  finish()
  expect(await first).toBe(true)
})

test('a question that is answered by another one is answered with no', async () => {
  const first = ask({ text: 'Leave?', yes: 'Leave' })
  const second = ask({ text: 'Close?', yes: 'Close' })
  expect(await first).toBe(false)
  asked.value?.answer(true)
  expect(await second).toBe(true)
  expect(asked.value).toBeNull()
})

test('what is wrong with a lexicon is said at its class and its word, empty words left out of the count as they are of what is sent', () => {
  const lexicon = useClasses()
  const at = { list: 'business', code: 'telephone' } as const
  lexicon.take({ categories: [{ ...at, zh: '电话', en: '', position: 1, active: true, authority: null }], terms: [{ ...at, term: '电话', weight: 1 }] })
  expect(lexicon.lacks().map(({ field, why }) => [field, why])).toEqual([['en', 'Please fill this in']])
  lexicon.addTerm()
  const [wrong] = lexicon.placed([['terms.0.term', 'Given twice'], ['categories', 'The kinds are fixed']])
  expect(wrong).toMatchObject({ one: { term: '电话' }, field: 'term', why: 'Given twice' })
})
