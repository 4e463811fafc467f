import { expect, test } from 'vitest'
import { noPops, popEnded, popped } from '../src/kit/pops'
import { card } from './made'

test('an enriched card takes the place of the first one', () => {
  const pops = popped(popped(noPops, card()), card({ stage: 'enriched', history: true }))
  expect(pops.ringing.map((one) => one.stage)).toEqual(['enriched'])
})

test('a second pop queues behind the first', () => {
  const pops = popped(popped(noPops, card({ id: 'a/1' })), card({ id: 'b/2' }))
  expect(pops.ringing.map((one) => one.id)).toEqual(['a/1', 'b/2'])
})

test('a card told twice is shown once', () => {
  expect(popped(popped(noPops, card()), card()).ringing).toHaveLength(1)
})

test('an enrichment that comes late does not bring a finished ring back', () => {
  const over = popEnded(popped(noPops, card()), card().id)
  expect(popped(over, card({ stage: 'enriched' })).ringing).toEqual([])
})

test('after the ring the newest card is still known by its call', () => {
  const over = popEnded(popped(noPops, card()), card().id)
  expect(popped(over, card({ stage: 'enriched' })).byCall[card().call_id]?.stage).toBe('enriched')
})

test('a first card that is overtaken by its enrichment does not undo it', () => {
  const pops = popped(popped(noPops, card({ stage: 'enriched' })), card({ stage: 'first' }))
  expect(pops.ringing.map((one) => one.stage)).toEqual(['enriched'])
})
