/** Whose ticket is on the desk after a reload, and that nobody else's card stands beside a call. */
import { expect, test } from 'vitest'
import type { CallDetail, CallRow, KnownCustomer } from '../src/kit/wire'
import { callerOf, cardBeside } from '../src/rooms/floor/caller'
import { card } from './made'

const HER: KnownCustomer = { id: 1, name: '张桂芳', number: '13800138000', tier: 'important', note: '耳背' }
const CALL = { id: 'c1', number: '13800138000', name_sent: 'ZHANG', customer: HER, started_at: '2026-11-26T09:00:00Z' } as CallRow
const detail = (over: Partial<CallRow> = {}) => ({ call: { ...CALL, ...over } }) as CallDetail
const draft = (over = {}) => ({ call_id: 'c1' as string | null, customer_name: '', customer_number: '', ...over })

test('a draft whose fields are empty is known by the record of its call', () => {
  expect(callerOf(draft(), detail())).toEqual({ name: '张桂芳', number: '13800138000', customer: HER, calledAt: CALL.started_at })
})

test('of an unknown customer the name that was sent is said', () => {
  expect(callerOf(draft(), detail({ customer: null }))).toMatchObject({ name: 'ZHANG', customer: null })
})

test('what somebody put right in the ticket goes before what the call said', () => {
  expect(callerOf(draft({ customer_name: '张桂芬', customer_number: '13900139000' }), detail())).toMatchObject({ name: '张桂芬', number: '13900139000' })
})

test('before the record has come, and where it may not be read, the ticket is enough', () => {
  expect(callerOf(draft({ customer_name: '张桂芳', customer_number: '13800138000' }), null)).toMatchObject({ name: '张桂芳', number: '13800138000', calledAt: null })
})

test('the record of the ticket before this one says nothing of this one', () => {
  expect(callerOf(draft({ call_id: 'c2' }), detail())).toEqual({ name: '', number: '', customer: null, calledAt: null })
})

test('a ticket that no call began and that names nobody has no caller', () => {
  expect(callerOf(draft({ call_id: null }), null)).toBeNull()
})

const CARDS = { c1: card({ call_id: 'c1' }) }
test.each([
  ['no call: the card of its own call', 'c1', false, null, 'c1'],
  ['in its own call', 'c1', true, 'c1', 'c1'],
  ['in another call: not that of another caller', 'c1', true, 'c2', undefined],
  ['in a call the server has not told of yet', 'c1', true, null, undefined],
  ['a card forgotten by a reload', 'c2', false, null, undefined],
  ['a ticket without a call', null, false, null, undefined],
] as const)('beside the ticket stands, %s', (_, ticketCall, onCall, call, found) => {
  expect(cardBeside(CARDS, ticketCall, onCall, call)?.call_id).toBe(found)
})
