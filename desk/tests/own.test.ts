/** A person's columns: their order, what is hidden, and what came since they chose. */
import { expect, test } from 'vitest'
import { arranged, moved } from '../src/kit/own'

const made = [{ key: 'number' }, { key: 'state' }, { key: 'summary' }]
const keys = (columns: { key: string; shown: boolean }[]) => columns.map(({ key, shown }) => (shown ? key : `-${key}`)).join(' ')

test('columns stand as they are made until somebody chooses', () => {
  expect(keys(arranged(made, []))).toBe('number state summary')
})

test('chosen columns stand in their order, those not wanted are hidden', () => {
  const chosen = [{ key: 'summary', shown: true }, { key: 'state', shown: false }, { key: 'number', shown: true }]
  expect(keys(arranged(made, chosen))).toBe('summary -state number')
})

test('a column that came since is shown where it is made, and one that is no more is forgotten', () => {
  const chosen = [{ key: 'summary', shown: true }, { key: 'number', shown: false }, { key: 'colour', shown: true }]
  expect(keys(arranged(made, chosen))).toBe('summary -number state')
  expect(keys(arranged(made, [{ key: 'summary', shown: true }]))).toBe('number state summary')
})

test('a column goes one place on, and not beyond the end', () => {
  expect(moved(['a', 'b', 'c'], 0, 1)).toEqual(['b', 'a', 'c'])
  expect(moved(['a', 'b', 'c'], 2, 1)).toEqual(['a', 'b', 'c'])
  expect(moved(['a', 'b', 'c'], 0, -1)).toEqual(['a', 'b', 'c'])
})
