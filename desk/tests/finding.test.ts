/** What the palette finds: by letters, by the first letters of the pinyin; who may go where. */
import { expect, test } from 'vitest'
import { entriesFor } from '../src/frame/entries'
import { offered, type Item, type Kind } from '../src/frame/finding'
import type { Right } from '../src/kit/wire'

const item = (kind: Kind, text: string, beside = ''): Item => ({ id: `${kind}-${text}`, kind, text, beside, act: () => undefined })
const KNOWN = [
  item('go', '客户'), item('go', '投诉单'), item('go', 'Tickets'), item('do', '就绪：接来电'), item('do', '暂停：小休'),
  item('ticket', '张桂芳 · 宽带三天不通', 'T2026-11-000001'), item('call', '曾国强', '138 0013 8000'), item('person', '单红', '1002'),
]
const texts = (typed: string, asked: Item[] = []) => offered(KNOWN, asked, typed).map((found) => found.text)

test('with nothing typed one sees where to go and what to do', () => {
  expect(texts('')).toEqual(['客户', '投诉单', 'Tickets', '就绪：接来电', '暂停：小休'])
})

test.each([
  ['zgf', '张桂芳 · 宽带三天不通'],
  ['zhangguifang', '张桂芳 · 宽带三天不通'],
  ['桂芳', '张桂芳 · 宽带三天不通'],
  ['000001', '张桂芳 · 宽带三天不通'],
  ['kh', '客户'],
  ['jiuxu', '就绪：接来电'],
  ['1380013', '曾国强'],
  ['zgq', '曾国强'],
  ['sh', '单红'],
  ['tickts', 'Tickets'],
])('%s finds %s', (typed, text) => {
  expect(texts(typed)).toContain(text)
})

test('what fits nothing finds nothing', () => {
  expect(texts('qqqqqq')).toEqual([])
})

test('what the server found stands with its kind, and nothing stands twice', () => {
  const asked = [item('ticket', '张桂芳 · 宽带三天不通'), item('customer', '张桂芬')]

  expect(texts('张桂', asked).filter((text) => text.startsWith('张桂'))).toEqual(['张桂芳 · 宽带三天不通', '张桂芬'])
})

test('of one kind no more are shown than can be read', () => {
  const many = Array.from({ length: 30 }, (_, at) => item('customer', `王${at}`))

  expect(offered([], many, '王').length).toBe(6)
})

test('one goes only where one may', () => {
  const can = (rights: Right[]) => (...anyOf: Right[]) => anyOf.some((right) => rights.includes(right))

  expect(entriesFor(can(['calls.read_own'])).map((way) => way.to)).toEqual(['/calls'])
  expect(entriesFor(can(['desk', 'tickets.read'])).map((way) => way.to)).toEqual(['/', '/tickets'])
  expect(entriesFor(can([]))).toEqual([])
})
