/** The audit is read by people: what was done, to what, in their language. */
import { beforeEach, expect, test } from 'vitest'
import type { AuditRow } from '../src/kit/wire'
import { actionOf, detailOf, objectOf } from '../src/rooms/audit/audited'
import { speak } from '../src/words'

const row = (action: string, object: string, detail: Record<string, string> = {}): AuditRow => ({ id: 1, at: '2026-11-23T10:00:00Z', by: null, action, object, detail })
const LOGINS = new Map([['3', 'anna']])

beforeEach(() => speak('zh-CN'))

test.each([
  ['login.failed', '登录失败', 'failed to log in'],
  ['login', '登录', 'logged in'],
  ['customer.same_number', '号码与另一位客户相同', 'has the number of another customer'],
])('%s is said in both languages', (action, chinese, english) => {
  expect(actionOf(row(action, 'person:3'))).toBe(chinese)
  speak('en')
  expect(actionOf(row(action, 'person:3'))).toBe(english)
})

test('an account is named by its login, and by its number where that is not known', () => {
  expect(objectOf(row('login', 'person:3'), LOGINS)).toBe('账号 anna')
  expect(objectOf(row('login', 'person:9'), LOGINS)).toBe('账号 9')
  expect(objectOf(row('login.failed', 'person:unknown'), LOGINS)).toBe('账号 （没有这个用户名）')
})

test('a call keeps the whole of its id', () => {
  expect(objectOf(row('recording.listen', 'call:tingsu-3-1764150000.12'), LOGINS)).toBe('通话 tingsu-3-1764150000.12')
  expect(objectOf(row('lexicon.replace', 'lexicon'), LOGINS)).toBe('分类词')
})

test('a change is said from what to what', () => {
  expect(detailOf(row('person.change', 'person:3', { roles: 'junior_agent -> junior_agent, qa_inspector', extension: '1001 -> None' }))).toBe('角色：初级话务员 → 初级话务员、质检员 · 分机：1001 → （空）')
  expect(detailOf(row('person.change', 'person:3', { active: 'True -> False' }))).toBe('在用：是 → 否')
})

test('what another version wrote stands as it is', () => {
  speak('en')
  const strange = row('order.send', 'order:7', { dragon: 'green' })
  expect([actionOf(strange), objectOf(strange, LOGINS), detailOf(strange)]).toEqual(['order.send', 'order 7', 'dragon: green'])
})
