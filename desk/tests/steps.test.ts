/** What the steps with an order send: the department that is meant, its own hours, and the deadline that was asked for. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Order, OrderPaper, Wire } from '../src/kit/wire'
import { asked, BLANK, fieldsOf, proposed, refusers, renewed, send } from '../src/rooms/orders/steps'
import { ticket } from './made'

const NOW = Date.parse('2026-11-27T09:00:00Z')
const TO_COME = '2026-11-28T09:00:00Z'
let sent: { method: string; path: string; body: Record<string, unknown> }[]
let stored: Record<string, unknown>

beforeEach(() => {
  vi.useFakeTimers({ now: NOW })
  sent = []
  stored = {}
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    const path = url.replace('/api/', '')
    if (init.method !== 'GET') sent.push({ method: String(init.method), path, body: JSON.parse(String(init.body)) as Record<string, unknown> })
    return new Response(JSON.stringify(stored[path] ?? {}), { status: 200 })
  })
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const department = (id: number, code: string, active = true) => ({ id, code, zh: code, en: code, hours: 24, active })
const rule = (id: number, of: string, hours: number | null, given: Partial<Wire<'DispatchRule'>> = {}) => ({ id, department: of, kind: null, business: null, nature: null, hours, ...given })
const catalogue = {
  departments: [department(1, 'network'), department(2, 'billing'), department(3, 'shops')],
  rules: [rule(1, 'network', 4, { kind: 'complaint', business: 'data' }), rule(2, 'billing', 48, { kind: 'complaint' })],
} as unknown as Wire<'Departments'>
const about = ticket({ kind: 'complaint', business: 'data' })
const order = (given: Partial<Order> = {}) => ({ id: 5, version: 3, ticket_id: 7, department_id: 2, refusals: 0, papers: [], ...given }) as unknown as Order
const paper = (given: Partial<OrderPaper> = {}) => ({ id: 9, version: 2, verb: 'chase', until: TO_COME, hours: null, ...given }) as unknown as OrderPaper

test('a department that is chosen has the hours of its own rule, or none are proposed', () => {
  expect(proposed(catalogue, about)).toMatchObject({ department: 'network', hours: 4 })
  expect(proposed(catalogue, about, (id) => id === 2)).toMatchObject({ department: 'billing', hours: 48 })
  expect(proposed(catalogue, about, (id) => id === 3)).toBeNull()
})

test('a department that sent the case back is not proposed for it again', () => {
  const refused = refusers([order({ department_id: 1, refusals: 1 }), order()])
  expect([...refused]).toEqual([1])
  expect(proposed(catalogue, about, (id) => !refused.has(id))).toMatchObject({ department: 'billing' })
})

test('a second dispatch goes to the department of the first, whatever the catalogue says', async () => {
  expect(fieldsOf('second')).not.toContain('department')
  await send('second', { ...BLANK, department: 1, task: 'again', warning: 'done badly', reason: 'not repaired' }, { order: order(), ticket: about, key: 'k' })
  expect(sent[0]).toMatchObject({ path: 'orders/5/second', body: { department: 2, version: 3 } })
})

test.each([
  ['keeps the deadline that it asked for', paper(), NaN, TO_COME],
  ['asks for another one', paper(), 2, '2026-11-27T11:00:00.000Z'],
  ['asks for none that has passed', paper({ until: '2026-11-27T08:00:00Z' }), NaN, null],
  ['leaves the deadline where it was left', paper({ until: null }), NaN, null],
])('a chase that is written anew %s', async (_, of, hours, until) => {
  await send('rewrite', { ...BLANK, task: 'faster', reason: 'why', hours }, { order: order(), paper: of, key: 'k' })
  expect(sent[0]).toMatchObject({ method: 'PUT', path: 'papers/9', body: { version: 2, until, hours: null } })
  expect(asked(of) === until || hours > 0).toBe(true)
})

test('what a step is about is read anew whole: the order, its paper, what the customer added', async () => {
  const appeal = { id: 4, version: 1 }
  stored = { 'orders/5': order({ version: 4, papers: [paper({ version: 3 })] }), 'tickets/7/appeals': [{ id: 4, version: 2 }] }
  const fresh = await renewed({ order: order(), paper: paper(), appeal: appeal as never, ticket: about, key: 'k' })
  expect([fresh.order?.version, fresh.paper?.version, fresh.appeal?.version, fresh.key]).toEqual([4, 3, 2, 'k'])
  stored = { 'tickets/7': ticket({ version: 12 }) }
  expect((await renewed({ ticket: about, key: 'k' })).ticket?.version).toBe(12)
})
