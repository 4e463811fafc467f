import { beforeEach, expect, test } from 'vitest'
import { clock, dayOf, grouped, moment, position, printable, span, stamp } from '../src/kit/format'
import { speak } from '../src/words'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

beforeEach(() => speak('zh-CN'))

test.each([
  [167 * SECOND, '02:47'],
  [HOUR + 167 * SECOND, '1:02:47'],
  [-5, '00:00'],
])('a running clock of %d ms reads %s', (ms, text) => expect(clock(ms)).toBe(text))

test.each([
  [50 * HOUR, '2 天'],
  [47 * HOUR, '47 小时'],
  [119 * MINUTE, '119 分'],
  [119 * SECOND, '119 秒'],
  [38 * SECOND, '38 秒'],
  [-1, '0 秒'],
])('the grain of a span follows its size: %d ms is %s', (ms, text) => expect(span(ms)).toBe(text))

test.each([
  ['13800138000', '138 0013 8000'],
  ['02586420146', '025 8642 0146'],
  ['051265220078', '0512 6522 0078'],
  ['05126522078', '0512 652 2078'],
  ['12345678901234567890', '1234 5678 9012 3456 7890'],
  ['1001', '1001'],
  ['4008001234', '400 800 1234'],
  ['+85223456789', '+85223456789'],
  ['075588886801 ext 801', '0755 8888 6801 转 801'],
  ['', ''],
  ['"><b>', '"><b>'],
])('the number %s is read as %s', (number, text) => expect(grouped(number)).toBe(text))

test.each([
  ['张\u202e三\u2066\u200f', '张三'],
  ['李\u2028四\u2029\r\n\u0000', '李四'],
  ['王\ufeff五\u0085\u001b[31m', '王五[31m'],
  ['Zoë O’Brien — 赵六', 'Zoë O’Brien — 赵六'],
])('of %j a caller sent, %j is shown', (sent, shown) => expect(printable(sent)).toBe(shown))

test('a place in a recording is minutes and seconds', () => expect(position(14.9)).toBe('0:14'))

test.each([
  ['zh-CN', '2019-11-03 14:02:31', '2019-11-03 14:02'],
  ['en', '3 Nov 2019 14:02:31', '3 Nov 2019 14:02'],
] as const)('a moment of another year is written in %s as one reads it there', (language, whole, short) => {
  speak(language)
  const at = new Date(2019, 10, 3, 14, 2, 31).toISOString() // in the browser's own zone, as it is shown

  expect([stamp(at), moment(at)]).toEqual([whole, short])
})

test('a day that was chosen reads as other days do, and what is none stays as it is', () => {
  expect(dayOf('2026-11-03')).toBe('2026-11-03')
  expect(dayOf('soon')).toBe('soon')
  speak('en')
  expect(dayOf('2026-11-03')).toBe('3 Nov 2026')
})
