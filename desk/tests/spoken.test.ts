/** The conversation by time and by word, and the wave form's columns. */
import { expect, test } from 'vitest'
import type { Evidence, Utterance } from '../src/kit/wire'
import { columns } from '../src/rooms/calls/peaks'
import { firstWord, gap, isMarked, moments, saidAt, step, type Place } from '../src/rooms/calls/spoken'

function says(speaker: Utterance['speaker'], start: number, ...texts: string[]): Utterance {
  const words = texts.map((text, n) => ({ text, start: start + n, end: start + n + 0.8, conf: 1 }))
  return { speaker, start, end: start + Math.max(1, texts.length), text: texts.join(''), words }
}

const talk = [says('agent', 0, '您好'), says('caller', 2, '电话', '坏了'), says('agent', 2.5), says('caller', 6, '三天')]
const all = moments(talk)
const wordAt = (time: number): Place | null => {
  const found = all[saidAt(all, time)]
  return found ? { utterance: found.utterance, word: found.word } : null
}

test.each([
  [0, { utterance: 0, word: 0 }],
  [0.79, { utterance: 0, word: 0 }],
  [0.9, null],
  [2, { utterance: 1, word: 0 }],
  [3, { utterance: 1, word: 1 }],
  [6.5, { utterance: 3, word: 0 }],
  [60, null],
])('at %d s what sounds is %o', (time, place) => expect(wordAt(time)).toEqual(place))

test('where both talk it is who began last', () => expect(wordAt(2.6)).toEqual({ utterance: 2, word: -1 }))

test('nothing said, nothing sounds', () => expect(saidAt(moments([]), 1)).toBe(-1))

test.each([
  ['ArrowRight', [1, 0], [1, 1]],
  ['ArrowRight', [1, 1], [3, 0]],
  ['ArrowRight', [3, 0], null],
  ['ArrowLeft', [1, 0], [0, 0]],
  ['ArrowLeft', [3, 0], [1, 1]],
  ['ArrowLeft', [0, 0], null],
  ['ArrowDown', [1, 1], [3, 0]],
  ['ArrowUp', [1, 1], [0, 0]],
  ['Home', [3, 0], [0, 0]],
  ['End', [0, 0], [3, 0]],
  ['Enter', [0, 0], null],
] as const)('%s from %o leads to %o', (key, [utterance, word], to) => {
  expect(step(talk, { utterance, word }, key)).toEqual(to && { utterance: to[0], word: to[1] })
})

test('the Tab key comes to the first word that was said', () => {
  expect(firstWord([says('agent', 0), says('caller', 1, '喂')])).toEqual({ utterance: 1, word: 0 })
})

test('only the words of who said it are marked as evidence', () => {
  const evidence = [{ speaker: 'caller', start: 2, end: 3.8, quote: '电话坏了', conf: 1 }] as Evidence[]
  expect(talk[1]?.words.map((word) => isMarked(evidence, 'caller', word))).toEqual([true, true])
  expect(isMarked(evidence, 'agent', { start: 2, end: 3 })).toBe(false)
  expect(isMarked(evidence, 'caller', { start: 3.8, end: 4 })).toBe(false)
})

test('a space stands between English words and between no others', () => {
  expect([gap('ADSL', 'box'), gap('电话', '坏了'), gap('电话', 'ADSL'), gap('box', undefined)]).toEqual([' ', '', '', ''])
})

test('a column shows the loudest of its stretch, and a short recording fills the width', () => {
  expect(columns([-1, 2, -5, 1, 0, 9, -2, 3], 2)).toEqual([[-5, 2], [-2, 9]])
  expect(columns([-1, 2], 3)).toEqual([[-1, 2], [-1, 2], [-1, 2]])
  expect(columns([], 2)).toEqual([[0, 0], [0, 0]])
})
