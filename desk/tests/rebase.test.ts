import { expect, test } from 'vitest'
import type { Source } from '../src/kit/wire'
import { arrived, insist, nothing, rebase, taken, type Unsent } from '../src/rooms/tickets/rebase'
import { ticket } from './made'

const byAgent: Source = { by: 'agent', sure: true, conf: null, proposal: null, evidence: [] }
const byDraft: Source = { ...byAgent, by: 'draft' }
const john = ticket({ version: 2, customer_name: 'John', sources: { customer_name: byAgent } })
const unsentOf = (given: Partial<Unsent>): Unsent => ({ ...nothing(), ...given })

test('what was typed stays when somebody changed another field', () => {
  const unsent = unsentOf({ typed: { description: 'broken' }, base: { description: '' } })
  const { unsent: kept, conflicts } = rebase(unsent, ticket({ version: 2, address: 'Wen Yi Road' }))
  expect(kept.typed).toEqual({ description: 'broken' })
  expect(conflicts).toEqual({})
})

test('what the server has now is no longer unsent', () => {
  const unsent = unsentOf({ typed: { description: 'broken' }, base: { description: '' } })
  expect(rebase(unsent, ticket({ description: 'broken' })).unsent.typed).toEqual({})
})

test('the same field changed by another person is a clash that shows their content', () => {
  const unsent = unsentOf({ typed: { description: 'mine' }, base: { description: '' } })
  const { conflicts } = rebase(unsent, ticket({ description: 'theirs', sources: { description: byAgent } }))
  expect(conflicts).toEqual({ description: 'theirs' })
})

test('a clash is still one after the ticket was read again', () => {
  const theirs = ticket({ description: 'theirs', sources: { description: byAgent } })
  const first = rebase(unsentOf({ typed: { description: 'mine' }, base: { description: '' } }), theirs)
  expect(rebase(first.unsent, theirs).conflicts).toEqual({ description: 'theirs' })
})

test('a clash is over when the person insists', () => {
  const theirs = ticket({ description: 'theirs', sources: { description: byAgent } })
  const first = rebase(unsentOf({ typed: { description: 'mine' }, base: { description: '' } }), theirs)
  const { unsent, conflicts } = rebase(insist(first.unsent, 'description', 'theirs'), theirs)
  expect(conflicts).toEqual({})
  expect(unsent.typed).toEqual({ description: 'mine' })
})

test('what the transcript filled in meanwhile never asks: the typing person knows better', () => {
  const unsent = unsentOf({ typed: { description: 'mine' }, base: { description: '' } })
  const { unsent: kept, conflicts } = rebase(unsent, ticket({ description: 'machine', sources: { description: byDraft } }))
  expect(conflicts).toEqual({})
  expect(kept.typed).toEqual({ description: 'mine' })
})

test('a name that the server emptied, because another number was saved, never asks', () => {
  const unsent = unsentOf({ typed: { customer_name: 'Wang' }, base: { customer_name: 'Zhang' } })
  const { unsent: kept, conflicts } = rebase(unsent, ticket({ customer_number: '13900139000', customer_name: '', sources: { customer_number: byAgent } }))
  expect(conflicts).toEqual({})
  expect(kept).toEqual(unsentOf({ typed: { customer_name: 'Wang' }, base: { customer_name: '' } }))
})

test('what the server took of a name is the ground for what is typed on', () => {
  const typing = unsentOf({ typed: { customer_name: 'John Smith' }, base: { customer_name: '' }, sent: { customer_name: 'John ' } })
  const { unsent, conflicts } = rebase(taken(typing, john), john)
  expect(conflicts).toEqual({})
  expect(unsent).toEqual({ typed: { customer_name: 'John Smith' }, base: { customer_name: 'John' }, sent: {} })
})

test('a name taken without its trailing space is no longer unsent', () => {
  const typing = unsentOf({ typed: { customer_name: 'John ' }, base: { customer_name: '' }, sent: { customer_name: 'John ' } })
  expect(taken(typing, john)).toEqual(nothing())
})

test('what was sent and is there although its answer got lost is our own', () => {
  const typing = unsentOf({ typed: { customer_name: 'John Smith' }, base: { customer_name: '' }, sent: { customer_name: 'John ' } })
  expect(rebase(arrived(typing, john), john).conflicts).toEqual({})
})

test('what was sent and did not arrive is still typed on the old ground', () => {
  const typing = unsentOf({ typed: { customer_name: 'John' }, base: { customer_name: '' }, sent: { customer_name: 'John' } })
  const theirs = ticket({ customer_name: 'Jane', sources: { customer_name: byAgent } })
  expect(rebase(arrived(typing, theirs), theirs).conflicts).toEqual({ customer_name: 'Jane' })
})
