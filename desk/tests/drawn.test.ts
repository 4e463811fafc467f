/** What the ticket and its words look like to those who do not see them, and what one can do with a ticket in each state. */
import { ID_INJECTION_KEY, ZINDEX_INJECTION_KEY } from 'element-plus'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, test, vi } from 'vitest'
import { createSSRApp, h, type Component } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import { renderToString } from 'vue/server-renderer'
import { useSession } from '../src/kit/session'
import { TEST } from '../src/kit/testids'
import { condensed } from '../src/rooms/tickets/history'
import type { JournalRow, Problem, Ticket, Transcript } from '../src/kit/wire'
import TheWords from '../src/rooms/calls/TheWords.vue'
import FormField from '../src/rooms/tickets/FormField.vue'
import CloseForm from '../src/rooms/tickets/CloseForm.vue'
import { forgetSeen } from '../src/rooms/tickets/form'
import TicketForm from '../src/rooms/tickets/TicketForm.vue'
import TicketPaper from '../src/rooms/tickets/TicketPaper.vue'
import { speak } from '../src/words'
import { me, ticket } from './made'

let served: { status: number; body: Ticket | Problem }

/** Every answer that is under way has come. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve()
}

function drawn(component: Component, props: Record<string, unknown>): Promise<string> {
  const app = createSSRApp({ render: () => h(component, props) })
  app.mixin({ serverPrefetch: settled })
  app.provide(ID_INJECTION_KEY, { prefix: 1, current: 0 })
  app.provide(ZINDEX_INJECTION_KEY, { current: 0 })
  app.use(createRouter({ history: createMemoryHistory(), routes: [{ path: '/:rest(.*)*', component: { render: () => null } }] }))
  return renderToString(app)
}

const form = (onPage = false) => drawn(TicketForm, { ticketId: 7, mayListen: true, onPage })
const times = (html: string, text: string) => html.split(text).length - 1
const at = (testid: string) => `data-testid="${testid}"`

beforeEach(() => {
  vi.useFakeTimers()
  setActivePinia(createPinia())
  speak('en')
  forgetSeen()
  useSession().me = me()
  served = { status: 200, body: ticket() }
  vi.stubGlobal('fetch', async () => ({ ok: served.status === 200, status: served.status, headers: new Headers(), json: async () => served.body }))
})

test('a ticket that is not there, or not ours to see, can be put away from the desk', async () => {
  served = { status: 404, body: { code: 'not_found', message: '', fields: [] } }
  expect(await form()).toContain(at(TEST.form.putAway))
})

test.each([{ state: 'closed' as const }, { state: 'open' as const }, { state: 'discarded' as const }, { owner_id: 9, may: [] }])('a ticket with %o can be put away from the desk', async (given) => {
  served.body = ticket(given)
  expect(await form()).toContain(at(TEST.form.putAway))
})

test("one's own draft is confirmed or discarded, not put away", async () => {
  const html = await form()
  expect(html).toContain(at(TEST.form.discard))
  expect(html).not.toContain(at(TEST.form.putAway))
})

test("a page of its own is left by going elsewhere, and another's ticket has nothing to press", async () => {
  served.body = ticket({ owner_id: 9, may: [] })
  expect(await form(true)).not.toMatch(/data-testid="(put-away|confirm|discard|undo)"/)
})

test('only trouble is said aloud, not how many seconds ago it was saved', async () => {
  const html = await form()
  expect(html).toMatch(/role="status"[^>]*><\/span>/)
  expect(html.match(/<[^>]*data-testid="saving"[^>]*>/)?.[0]).not.toContain('role')
})

test('a clash is said aloud', async () => {
  const props = { field: 'address', value: 'mine', source: undefined, typed: true, editable: true, problem: undefined, conflict: 'theirs', conflicting: true, mayListen: true }
  expect(await drawn(FormField, props)).toMatch(/class="notice warn clash" role="alert"/)
})

const words = ['我', '要', '投诉'].map((text, n) => ({ text, start: n, end: n + 1, conf: 0.9 }))
const transcript: Transcript = {
  state: 'done',
  model: 'tiny',
  demonstration: false,
  error: null,
  utterances: [
    { speaker: 'agent', start: 0, end: 1, text: '您好', words: [{ text: '您好', start: 0, end: 1, conf: 0.9 }] },
    { speaker: 'caller', start: 0, end: 3, text: '我要投诉', words },
  ],
}

test('all words together are one stop of the Tab key', async () => {
  const html = await drawn(TheWords, { transcript, recording: null, mayListen: true })
  expect(times(html, at(TEST.words.word))).toBe(4)
  expect(times(html, 'tabindex="0"')).toBe(1)
  expect(times(html, 'tabindex="-1"')).toBe(3)
})

test('who may not listen has text, which can still be scrolled by keys', async () => {
  const html = await drawn(TheWords, { transcript, recording: null, mayListen: false })
  expect(html).not.toContain('<button')
  expect(times(html, 'tabindex="0"')).toBe(1)
})

test('on paper are the number, every filled field and what happened', async () => {
  const journal = [{ seq: 1, at: '2026-11-23T12:00:00Z', by: 'Li Ting', action: 'create', changes: {}, note: 'by hand' }]
  const html = await drawn(TicketPaper, { ticket: ticket({ number: 'T2026-11-000001', state: 'open', description: 'broken', address: '' }), journal })
  for (const text of ['T2026-11-000001', 'Open', 'broken', '13800138000', 'Li Ting', 'by hand']) expect(html).toContain(text)
  expect(html).not.toContain('Address')
})

test('paper bears the centre, what it is, and what happened from the first to the last', async () => {
  const row = (seq: number, action: string, changes: JournalRow['changes'] = {}) => ({ seq, at: `2026-11-23T12:0${seq}:00Z`, by: 'Li Ting', action, changes, note: '' })
  const journal = [row(4, 'confirm'), row(1, 'create'), row(2, 'change', { description: ['', 'bro'] }), row(3, 'change', { description: ['bro', 'broken'] })]
  const html = await drawn(TicketPaper, { ticket: ticket({ state: 'open' }), journal })
  expect(html).toContain('Tingsu')
  expect(html).toContain('Complaint record')
  expect([...html.matchAll(/data-action="(\w+)"/g)].map((match) => match[1])).toEqual(['create', 'change', 'confirm'])
  expect(html).not.toContain('bro →')
})

test('what is changed and taken back, or changed by two people, is no single change', () => {
  const row = (seq: number, by: string, change: [string, string]): JournalRow => ({ seq, at: `2026-11-23T12:0${seq}:00Z`, by, action: 'change', changes: { address: change }, note: '' })
  expect(condensed([row(1, 'Li', ['', 'Lane 7']), row(2, 'Li', ['Lane 7', ''])])).toEqual([])
  expect(condensed([row(1, 'Li', ['', 'Lane 7']), row(2, 'Wang', ['Lane 7', 'Lane 8'])])).toHaveLength(2)
})

test('closing asks for the answer and marks it, where the ticket wants one', async () => {
  const ask = (isWanted: boolean) => drawn(CloseForm, { answer: '', isWanted, close: async () => undefined })
  expect(await ask(true)).toContain('aria-required="true"')
  expect(await ask(false)).not.toContain('aria-required')
})

test('what the next step needs is marked as the server says', async () => {
  served.body = ticket({ wants: ['description'] })
  const html = await form()
  expect(times(html, 'aria-required="true"')).toBe(1)
  expect(html.match(/<textarea[^>]*aria-required="true"[^>]*>/)?.[0]).toContain(at(TEST.form.field('description')))
})

test('a class that was heard so-so is neither green nor a number', async () => {
  const evidence = [{ quote: '宽□带', speaker: 'caller' as const, start: 1, end: 2, conf: 0.66 }]
  const source = { by: 'draft' as const, sure: true, conf: 0.66, proposal: null, evidence }
  const props = { field: 'business', value: 'broadband', source, typed: false, editable: true, problem: undefined, conflict: undefined, conflicting: false, mayListen: true }
  const html = await drawn(FormField, props)
  expect(html).not.toMatch(/class="in filled/)
  expect(html).not.toContain('0.66')
  expect(html).toContain('fairly clear')
  expect(html).toContain('宽…带')
  expect(await drawn(FormField, { ...props, source: { ...source, conf: 0.9 } })).toMatch(/class="in filled/)
})

test('sound that was none of the words is an ellipsis that says so, not a box', async () => {
  const hole = { ...transcript, utterances: [{ speaker: 'caller' as const, start: 0, end: 1, text: '□', words: [{ text: '□', start: 0, end: 1, conf: 0 }] }] }
  const html = await drawn(TheWords, { transcript: hole, recording: null, mayListen: true })
  expect(html).not.toContain('□')
  expect(html).toContain('aria-label="not understood"')
})
