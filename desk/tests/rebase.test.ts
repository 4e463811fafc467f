import { expect, test } from 'vitest'
import { insist, rebase } from '../src/tickets/rebase'
import type { Source } from '../src/wire'
import { ticket } from './made'

const byAgent: Source = { by: 'agent', sure: true, conf: null, proposal: null, evidence: [] }
const byDraft: Source = { ...byAgent, by: 'draft' }

test('what was typed stays when somebody changed another field', () => {
  const unsent = { typed: { description: 'broken' }, base: { description: '' } }
  const { unsent: kept, conflicts } = rebase(unsent, ticket({ version: 2, address: 'Wen Yi Road' }))
  expect(kept.typed).toEqual({ description: 'broken' })
  expect(conflicts).toEqual({})
})

test('what the server has now is no longer unsent', () => {
  const unsent = { typed: { description: 'broken' }, base: { description: '' } }
  expect(rebase(unsent, ticket({ description: 'broken' })).unsent.typed).toEqual({})
})

test('the same field changed by another person is a clash that shows their content', () => {
  const unsent = { typed: { description: 'mine' }, base: { description: '' } }
  const { conflicts } = rebase(unsent, ticket({ description: 'theirs', sources: { description: byAgent } }))
  expect(conflicts).toEqual({ description: 'theirs' })
})

test('a clash is still one after the ticket was read again', () => {
  const theirs = ticket({ description: 'theirs', sources: { description: byAgent } })
  const first = rebase({ typed: { description: 'mine' }, base: { description: '' } }, theirs)
  expect(rebase(first.unsent, theirs).conflicts).toEqual({ description: 'theirs' })
})

test('a clash is over when the person insists', () => {
  const theirs = ticket({ description: 'theirs', sources: { description: byAgent } })
  const first = rebase({ typed: { description: 'mine' }, base: { description: '' } }, theirs)
  const { unsent, conflicts } = rebase(insist(first.unsent, 'description', 'theirs'), theirs)
  expect(conflicts).toEqual({})
  expect(unsent.typed).toEqual({ description: 'mine' })
})

test('what the transcript filled in meanwhile never asks: the typing person knows better', () => {
  const unsent = { typed: { description: 'mine' }, base: { description: '' } }
  const { unsent: kept, conflicts } = rebase(unsent, ticket({ description: 'machine', sources: { description: byDraft } }))
  expect(conflicts).toEqual({})
  expect(kept.typed).toEqual({ description: 'mine' })
})
