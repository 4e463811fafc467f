/** What the form of a person says of their queues. */
import { expect, test } from 'vitest'
import { queuesToSend } from '../src/rooms/people/queues'

test('whose boxes nobody touched keeps their queues, also one that is no more', () => {
  expect(queuesToSend(['gone'], ['gone'], ['sales', 'faults'])).toEqual({})
  expect(queuesToSend(['sales', 'gone'], ['sales', 'gone'], ['sales', 'faults'])).toEqual({})
  expect(queuesToSend([], [], ['sales', 'faults'])).toEqual({})
})

test('ticked and taken back is untouched, in whichever order', () => {
  expect(queuesToSend(['sales', 'faults'], ['faults', 'sales'], ['sales', 'faults'])).toEqual({})
})

test('before it is known which queues there are, nothing is sent of them', () => {
  expect(queuesToSend(['sales'], ['sales'], [])).toEqual({})
})

test('of those chosen those are sent that there are, and none is every queue', () => {
  expect(queuesToSend(['gone'], ['gone', 'faults'], ['sales', 'faults'])).toEqual({ queues: ['faults'] })
  expect(queuesToSend(['sales'], [], ['sales', 'faults'])).toEqual({ queues: null })
})
