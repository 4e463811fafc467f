/** Saved as typed, against a scripted server: nothing typed is lost. */
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { effectScope, type EffectScope } from 'vue'
import { useSession } from '../src/session'
import { sendKept, useTicketForm } from '../src/tickets/form'
import type { Problem, Ticket, TicketFields } from '../src/wire'
import { me, ticket } from './made'

type Answer = { status: number; body: Ticket | Problem } | 'away'
let now: Ticket
let patches: { version: number; fields: TicketFields }[]
let answer: ((method: string, path: string) => Answer | undefined) | null
let scopes: EffectScope[]

function serve(method: string, path: string, body: unknown): Answer {
  const own = answer?.(method, path)
  if (own) return own
  if (method === 'PATCH') {
    const patch = body as (typeof patches)[number]
    patches.push(patch)
    if (patch.version !== now.version) return { status: 409, body: { code: 'stale', message: '', fields: [] } }
    now = { ...now, ...patch.fields, version: now.version + 1 } as Ticket
  }
  if (method === 'POST') now = { ...now, state: path.endsWith('discard') ? 'discarded' : 'open', version: now.version + 1 }
  return { status: 200, body: now }
}

function openForm() {
  const scope = effectScope()
  scopes.push(scope)
  const form = scope.run(() => useTicketForm(() => 7))
  if (!form) throw new Error('no form')
  return form
}

const settle = (ms: number) => vi.advanceTimersByTimeAsync(ms)

beforeEach(() => {
  vi.useFakeTimers()
  setActivePinia(createPinia())
  useSession().me = me()
  now = ticket()
  patches = []
  answer = null
  scopes = []
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    const served = serve(String(init.method), url, init.body ? JSON.parse(String(init.body)) : null)
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
  now = { ...now, version: 2, description: 'theirs', sources: { description: { by: 'agent', sure: true, conf: null, proposal: null, evidence: [] } } }
  form.set('description', 'mine')
  await settle(3000)
  expect(now.description).toBe('theirs')
  expect(form.conflicts.value).toEqual({ description: 'theirs' })
  form.settle('description', true)
  await settle(3000)
  expect(now.description).toBe('mine')
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
