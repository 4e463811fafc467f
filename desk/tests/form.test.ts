/** Saved as typed, against a scripted server: nothing typed is lost. */
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { effectScope, type EffectScope } from 'vue'
import { useLive } from '../src/kit/live'
import { useSession } from '../src/kit/session'
import type { Problem, ServerMessage, Source, Ticket, TicketFields } from '../src/kit/wire'
import { forgetSeen, keyOfNew, sendKept, useTicketForm, type Which } from '../src/rooms/tickets/form'
import { me, ticket } from './made'

type Answer = { status: number; body: Ticket | Problem } | 'away'
let now: Ticket
let made: { key: string; fields: TicketFields }[]
let patches: { version: number; fields: TicketFields }[]
let answer: ((method: string, path: string) => Answer | undefined) | null
/** How long an answer is on its way. */
let delay: (method: string) => number
let scopes: EffectScope[]
const byAgent: Source = { by: 'agent', sure: true, conf: null, proposal: null, evidence: [] }

function serve(method: string, path: string, body: unknown): Answer {
  const own = answer?.(method, path)
  if (own) return own
  if (method === 'PATCH') {
    const patch = body as (typeof patches)[number]
    patches.push(patch)
    if (patch.version !== now.version) return { status: 409, body: { code: 'stale', message: '', fields: [] } }
    const fields = { ...patch.fields, ...('customer_name' in patch.fields ? { customer_name: patch.fields.customer_name?.trim() } : {}) }
    const sources = Object.fromEntries(Object.keys(fields).map((name) => [name, byAgent]))
    now = { ...now, ...fields, sources: { ...now.sources, ...sources }, version: now.version + 1 } as Ticket
  }
  if (method === 'POST' && path.endsWith('/tickets')) {
    made.push(body as (typeof made)[number])
    now = { ...now, ...(body as (typeof made)[number]).fields } as Ticket
  } else if (method === 'POST') now = { ...now, state: path.endsWith('discard') ? 'discarded' : 'open', version: now.version + 1 }
  return { status: 200, body: now }
}

function openForm(which: Which = 7) {
  const scope = effectScope()
  scopes.push(scope)
  const form = scope.run(() => useTicketForm(which))
  if (!form) throw new Error('no form')
  return form
}

const settle = (ms: number) => vi.advanceTimersByTimeAsync(ms)

beforeEach(() => {
  vi.useFakeTimers()
  setActivePinia(createPinia())
  useSession().me = me()
  now = ticket()
  forgetSeen()
  patches = []
  made = []
  answer = null
  delay = () => 0
  scopes = []
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    const served = serve(String(init.method), url, init.body ? JSON.parse(String(init.body)) : null)
    const ms = delay(String(init.method))
    if (ms) await new Promise((over) => setTimeout(over, ms))
    if (served === 'away') throw new TypeError('network')
    return new Response(JSON.stringify(served.body), { status: served.status })
  })
})
afterEach(() => scopes.forEach((scope) => scope.stop()))

test('what is typed is sent after a pause, once, with the version it was typed against', async () => {
  const form = openForm()
  await settle(0)
  form.set('description', 'bro')
  await settle(300)
  form.set('description', 'broken')
  await settle(1000)
  expect(patches).toEqual([{ version: 1, fields: { description: 'broken' } }])
  expect(form.saving.value).toBe('saved')
})

test('with the server away it is kept here and sent when the server is back', async () => {
  const form = openForm()
  await settle(0)
  answer = (method) => (method === 'PATCH' ? 'away' : undefined)
  form.set('description', 'broken')
  await settle(1000)
  expect(form.saving.value).toBe('offline')
  answer = null
  await settle(5000)
  expect(now.description).toBe('broken')
  expect(form.saving.value).toBe('saved')
})

test('what could not be sent before a reload is there after it and is sent', async () => {
  const before = openForm()
  await settle(0)
  answer = () => 'away'
  before.set('description', 'broken')
  scopes.pop()?.stop()
  answer = null
  const after = openForm()
  expect(after.value('description')).toBe('broken')
  await settle(1000)
  expect(now.description).toBe('broken')
})

test('typed into a form that was closed while the server was away, it is sent later all the same', async () => {
  const form = openForm()
  await settle(0)
  answer = () => 'away'
  form.set('description', 'broken')
  await settle(100)
  scopes.pop()?.stop()
  await settle(0)
  answer = null
  await sendKept(2)
  expect(now.description).toBe('broken')
  patches = []
  await sendKept(2)
  expect(patches).toEqual([])
})

test.each<Answer>([
  { status: 503, body: { code: 'server', message: '', fields: [] } },
  { status: 409, body: { code: 'stale', message: '', fields: [] } },
  'away',
])('typed into a form that was closed at once, it is sent again when the first time failed: %j', async (failed) => {
  useLive().link = 'up'
  const form = openForm()
  await settle(0)
  form.set('description', 'broken')
  answer = (method) => (method === 'PATCH' ? failed : undefined)
  scopes.pop()?.stop()
  await settle(1000)
  expect(now.description).toBe('')
  answer = null
  await settle(5000)
  expect(now.description).toBe('broken')
})

class FakeSocket extends EventTarget {
  static OPEN = 1
  send(): void {}
  close(): void {}
}

/** The server's word that a ticket has changed. */
function listening() {
  const sockets: FakeSocket[] = []
  vi.stubGlobal('WebSocket', class extends FakeSocket {
    constructor() {
      super()
      sockets.push(this)
    }
  })
  useLive().start()
  const say = (message: ServerMessage) => sockets[0]?.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(message) }))
  say({ type: 'hello', at: '2026-11-23T12:00:00Z', epoch: 1, seq: 0, lost: false })
  return (version: number, id = '7') => say({ type: 'changed', things: [{ kind: 'ticket', id, version, ticket: null }] })
}

test("another person's change comes in under what is typed, and one's own is not read again", async () => {
  const changed = listening()
  const form = openForm()
  await settle(0)
  form.set('description', 'broken')
  now = { ...now, address: 'Main Street', sources: { address: byAgent }, version: 2 }
  changed(2)
  await settle(0)
  expect([form.value('description'), form.value('address')]).toEqual(['broken', 'Main Street'])
  expect(form.conflicts.value).toEqual({})
  await settle(1000)
  expect(now).toMatchObject({ description: 'broken', address: 'Main Street', version: 3 })
  let reads = 0
  answer = (method) => void (method === 'GET' && reads++)
  changed(3)
  changed(9, '8')
  await settle(1000)
  expect(reads).toBe(0)
})

test("of a field that both changed the person is asked as soon as the other's change is heard of", async () => {
  const changed = listening()
  const form = openForm()
  await settle(0)
  answer = (method) => (method === 'PATCH' ? 'away' : undefined)
  form.set('address', 'Mine')
  now = { ...now, address: 'Theirs', sources: { address: byAgent }, version: 2 }
  changed(2)
  await settle(0)
  expect(form.conflicts.value).toEqual({ address: 'Theirs' })
  expect(form.value('address')).toBe('Mine')
})

test('what was typed is not sent again under the name of whoever came next', async () => {
  useLive().link = 'up'
  const form = openForm()
  await settle(0)
  form.set('description', 'broken')
  answer = () => 'away'
  scopes.pop()?.stop()
  await settle(1000)
  answer = null
  useSession().me = me({ id: 3 })
  await settle(60_000)
  expect(patches).toEqual([])
})

test("somebody else's change to another field is taken in and ours goes on top", async () => {
  const form = openForm()
  await settle(0)
  now = { ...now, version: 2, address: 'Wen Yi Road' }
  form.set('description', 'broken')
  await settle(3000)
  expect(now).toMatchObject({ address: 'Wen Yi Road', description: 'broken' })
  expect(form.value('address')).toBe('Wen Yi Road')
})

test("somebody else's change to the same field is asked about, never overwritten", async () => {
  const form = openForm()
  await settle(0)
  now = { ...now, version: 2, description: 'theirs', sources: { description: byAgent } }
  form.set('description', 'mine')
  await settle(3000)
  expect(now.description).toBe('theirs')
  expect(form.conflicts.value).toEqual({ description: 'theirs' })
  form.settle('description', true)
  await settle(3000)
  expect(now.description).toBe('mine')
})

test('words begun before somebody else changed the field are asked about too', async () => {
  const form = openForm()
  await settle(0)
  now = { ...now, version: 2, description: 'theirs', sources: { description: byAgent } }
  await form.load()
  form.set('description', 'mine', '')
  await settle(3000)
  expect(now.description).toBe('theirs')
  expect(form.conflicts.value).toEqual({ description: 'theirs' })
  form.settle('description', false)
  expect([form.value('description'), form.conflicts.value]).toEqual(['theirs', {}])
})

test('words begun before the transcript filled the field go over it', async () => {
  const form = openForm()
  await settle(0)
  now = { ...now, version: 2, description: 'machine', sources: { description: { ...byAgent, by: 'draft' } } }
  await form.load()
  form.set('description', 'mine', '')
  await settle(3000)
  expect(now.description).toBe('mine')
})

test('words begun on what was then being saved are no clash with oneself', async () => {
  const form = openForm()
  await settle(0)
  form.set('customer_name', 'John ')
  await settle(1000)
  form.set('customer_name', 'John 张', 'John')
  await settle(1000)
  expect(form.conflicts.value).toEqual({})
  expect(now.customer_name).toBe('John 张')
})

test('a half-typed number is held back with its reason; the other fields are sent', async () => {
  const form = openForm()
  await settle(0)
  form.set('customer_number', '12')
  form.set('description', 'broken')
  await settle(1000)
  expect(patches.map((patch) => patch.fields)).toEqual([{ description: 'broken' }])
  expect(form.problems.customer_number).toBeTruthy()
})

test('confirming saves what is typed first', async () => {
  const form = openForm()
  await settle(0)
  form.set('description', 'broken')
  const confirmed = form.act('confirm')
  await settle(0)
  expect((await confirmed).state).toBe('open')
  expect(now.description).toBe('broken')
})

test('with the server away confirming fails and says so; nothing typed is lost', async () => {
  const form = openForm()
  await settle(0)
  answer = () => 'away'
  form.set('description', 'broken')
  const confirmed = form.act('confirm').catch((error: unknown) => error)
  await settle(0)
  expect(await confirmed).toBeInstanceOf(Error)
  expect(form.value('description')).toBe('broken')
})

test('undo takes back the last change of a field and saves that', async () => {
  const form = openForm()
  await settle(0)
  form.set('description', 'broken')
  await settle(1000)
  form.undo()
  await settle(1000)
  expect(now.description).toBe('')
})

test('a discarded draft leaves nothing behind to be sent', async () => {
  const form = openForm()
  await settle(0)
  form.set('customer_number', '12')
  const discarded = form.act('discard')
  await settle(0)
  await discarded
  expect(Object.keys(localStorage).filter((key) => key.startsWith('tingsu.draft'))).toEqual([])
})

test('a pause after the first name is no clash with oneself', async () => {
  const form = openForm()
  await settle(0)
  form.set('customer_name', 'John ')
  await settle(1000)
  expect(form.saving.value).toBe('saved')
  form.set('customer_name', 'John Smith')
  await settle(1000)
  expect(form.conflicts.value).toEqual({})
  expect(now.customer_name).toBe('John Smith')
})

test('typing on while the first name is being saved is no clash either', async () => {
  const form = openForm()
  await settle(0)
  delay = (method) => (method === 'PATCH' ? 500 : 0)
  form.set('customer_name', 'John ')
  await settle(700)
  form.set('customer_name', 'John S')
  await settle(3000)
  expect(form.conflicts.value).toEqual({})
  expect(now.customer_name).toBe('John S')
})

test('a save whose answer got lost is no clash with oneself', async () => {
  const form = openForm()
  await settle(0)
  answer = (method, path) => {
    if (method !== 'PATCH') return undefined
    answer = null
    serve(method, path, { version: now.version, fields: { customer_name: 'John' } })
    return 'away'
  }
  form.set('customer_name', 'John')
  await settle(700)
  form.set('customer_name', 'John S')
  await settle(10_000)
  expect(form.conflicts.value).toEqual({})
  expect(now.customer_name).toBe('John S')
})

test('what was kept is sent although its form was opened while the server was away', async () => {
  const before = openForm()
  await settle(0)
  answer = () => 'away'
  before.set('description', 'broken')
  scopes.pop()?.stop()
  forgetSeen() // the page was loaded anew
  const form = openForm()
  await settle(0)
  expect(form.ticket.value).toBeNull()
  answer = null
  useLive().link = 'up'
  await settle(0)
  await sendKept(2)
  expect(form.value('description')).toBe('broken')
  expect(now.description).toBe('broken')
  expect(form.failure.value).toBe('')
})

test('what is taken back while it is being saved does not come back', async () => {
  const form = openForm()
  await settle(0)
  delay = (method) => (method === 'PATCH' ? 500 : 0)
  form.set('description', 'broken')
  await settle(700)
  form.undo()
  expect(form.value('description')).toBe('')
  await settle(3000)
  expect(form.value('description')).toBe('')
  expect(now.description).toBe('')
})

test('a form that was left does nothing more; what it kept is not written over', async () => {
  const form = openForm()
  await settle(0)
  answer = () => 'away'
  form.set('description', 'old')
  await settle(1000)
  scopes.pop()?.stop()
  await settle(0)
  const again = openForm()
  await settle(0)
  answer = null
  await again.load()
  answer = () => 'away'
  again.set('description', 'newer')
  await settle(1000)
  form.set('description', 'stale')
  let asked = 0
  scopes.pop()?.stop()
  answer = () => (asked++, 'away')
  await settle(60_000)
  expect(asked).toBeLessThan(2)
  answer = null
  await sendKept(2)
  expect(now.description).toBe('newer')
})

test('a save that went well clears what was said about the one before', async () => {
  const form = openForm()
  await settle(0)
  answer = (method) => (method === 'PATCH' ? { status: 403, body: { code: 'forbidden', message: '', fields: [] } } : undefined)
  form.set('description', 'broken')
  await settle(1000)
  expect(form.failure.value).not.toBe('')
  answer = null
  form.set('description', 'broken again')
  await settle(1000)
  expect(form.failure.value).toBe('')
  expect(form.saving.value).toBe('saved')
})

test("confirming over somebody else's change to another field takes it in and goes on", async () => {
  const form = openForm()
  await settle(0)
  now = { ...now, version: 2, address: 'Wen Yi Road' }
  form.set('description', 'broken')
  const confirmed = form.act('confirm')
  await settle(0)
  expect(await confirmed).toMatchObject({ state: 'open', address: 'Wen Yi Road', description: 'broken' })
})

test('confirming over a clash says that somebody else changed it, not that fields are wrong', async () => {
  const form = openForm()
  await settle(0)
  now = { ...now, version: 2, description: 'theirs', sources: { description: byAgent } }
  form.set('description', 'mine')
  const confirmed = form.act('confirm').catch((error: unknown) => error)
  await settle(0)
  expect(await confirmed).toMatchObject({ problem: { code: 'stale' } })
})

test('a field the server refuses does not hold up the others', async () => {
  const form = openForm()
  await settle(0)
  const wrong = { field: 'fields.address', code: 'string_too_long', wanted: '', came: '' }
  answer = (method) => {
    if (method !== 'PATCH') return undefined
    answer = null
    return { status: 422, body: { code: 'invalid', message: '', fields: [wrong] } }
  }
  form.set('address', 'much too long')
  form.set('description', 'broken')
  await settle(3000)
  expect(now.description).toBe('broken')
  expect(form.problems.address).toBeTruthy()
})

test('a ticket read before a save and answered after it does not bring the old one back', async () => {
  const form = openForm()
  await settle(0)
  delay = (method) => (method === 'GET' ? 5000 : 0)
  void form.load()
  form.set('description', 'broken')
  const seen: number[] = []
  for (let ms = 0; ms < 8000; ms += 200) {
    await settle(200)
    seen.push(form.ticket.value?.version ?? 0)
  }
  expect(seen).toEqual([...seen].sort())
  expect(seen.at(-1)).toBe(2)
})

test('a discard that fails loses nothing typed', async () => {
  const form = openForm()
  await settle(0)
  form.set('customer_number', '12')
  answer = (method) => (method === 'POST' ? 'away' : undefined)
  const discarded = form.act('discard').catch((error: unknown) => error)
  await settle(0)
  expect(await discarded).toBeInstanceOf(Error)
  expect(form.value('customer_number')).toBe('12')
})

test('with the server away, a form that was left is gone back to as it was, with all that was typed', async () => {
  now = ticket({ address: 'Lane 7' })
  const before = openForm()
  await settle(0)
  answer = () => 'away'
  before.set('description', 'broken')
  await settle(1000)
  scopes.pop()?.stop()
  const after = openForm()
  await settle(0)
  expect([after.value('address'), after.value('description'), after.editable.value]).toEqual(['Lane 7', 'broken', true])
  expect(after.saving.value).toBe('offline')
})

test('a ticket that is gone by the time its form is opened again is not shown as it was', async () => {
  openForm()
  await settle(0)
  scopes.pop()?.stop()
  answer = () => ({ status: 404, body: { code: 'not_found', message: '', fields: [] } })
  const after = openForm()
  await settle(0)
  expect(after.ticket.value).toBeNull()
  expect(after.failure.value).not.toBe('')
})

const posts = () => made.map(({ key, fields }) => [key, fields])

test('a new ticket is made when something is typed, and not before', async () => {
  const form = openForm('key-of-new')
  await settle(60_000)
  expect(posts()).toEqual([])
  form.set('description', 'bro')
  form.set('description', '')
  await settle(1000)
  expect(posts()).toEqual([])
  form.set('description', 'broken')
  await settle(1000)
  form.set('address', 'Lane 7')
  await settle(1000)
  expect(posts()).toEqual([['key-of-new', { description: 'broken' }]])
  expect(patches.map(({ fields }) => fields)).toEqual([{ address: 'Lane 7' }])
  expect(form.ticket.value?.id).toBe(7)
})

test('a new ticket whose answer got lost is asked for again as it was, and made once', async () => {
  const form = openForm('key-of-new')
  answer = (method) => (method === 'POST' ? 'away' : undefined)
  form.set('description', 'broken')
  await settle(1000)
  form.set('description', 'broken for days')
  await settle(100)
  answer = null
  await settle(6000)
  expect(posts()).toEqual([['key-of-new', { description: 'broken' }]])
  expect(now.description).toBe('broken for days')
})

test('a new ticket that was begun and left with the server away is gone on with, or sent when it is back', async () => {
  const form = openForm('key-of-new')
  answer = () => 'away'
  form.set('description', 'broken')
  await settle(1000)
  scopes.pop()?.stop()
  await settle(0)
  expect(keyOfNew(2)).toBe('key-of-new')
  answer = null
  await sendKept(2)
  expect(posts()).toEqual([['key-of-new', { description: 'broken' }]])
  expect(keyOfNew(2)).not.toBe('key-of-new')
})

test('a ticket that is not made yet is not asked for when the link comes up', async () => {
  const paths: string[] = []
  answer = (_, path) => void paths.push(path)
  openForm('key-of-new')
  useLive().link = 'up'
  await settle(100)
  expect(paths).toEqual([])
})
