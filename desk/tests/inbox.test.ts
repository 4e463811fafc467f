/** What a notice says, where it leads, and the day it stands under. */
import { beforeEach, expect, test, vi } from 'vitest'
import { useDesktop } from '../src/rooms/inbox/desktop'
import { beside, byDay, leadsTo, sentence, unreadCount } from '../src/rooms/inbox/said'
import type { Notice } from '../src/rooms/inbox/api'
import { speak } from '../src/words'

const NOTICE: Notice = {
  id: 7, code: 'order_refused', important: true, ticket_id: 3, ticket: 'T2026-11-000003', order_id: 5, order: 'W2026-11-000001',
  department: { zh: '网络部', en: 'Network' }, by: 'Nie', details: { reason: '不归我们' }, at: '2026-11-27T02:00:00Z', read_at: null,
}
const at = (when: string, id: number): Notice => ({ ...NOTICE, id, at: when })

beforeEach(() => {
  vi.stubGlobal('document', { documentElement: {}, hasFocus: () => false })
  speak('en')
})

test('a notice is said with the names of its case, its order and its department', () => {
  expect(sentence(NOTICE)).toBe('Network sent order W2026-11-000001 back as not theirs (T2026-11-000003)')
  expect(beside(NOTICE)).toBe('Nie · 不归我们')
  expect(sentence({ ...NOTICE, code: 'clock_breached', department: null, details: { rule: 'N2' } })).toBe('T2026-11-000003: Dispatch is late')
  expect(sentence({ ...NOTICE, code: 'paper_approved', ticket: null })).toContain('a draft')
})

test('what the system did is the system’s, and a time stands beside it', () => {
  expect(beside({ ...NOTICE, by: null, details: { until: '2026-11-28T02:00:00Z' } })).toMatch(/^The system · until 28 Nov/)
})

test('a department is led to its own page, the centre to the case', () => {
  expect([leadsTo(NOTICE, true), leadsTo(NOTICE, false)]).toEqual(['/orders', '/tickets/3'])
})

test('notices stand under their days, today and yesterday by name', () => {
  const now = new Date(2026, 10, 27, 12)
  const on = (day: number, hour: number) => new Date(2026, 10, day, hour).toISOString()
  const days = byDay([at(on(27, 11), 4), at(on(27, 1), 3), at(on(26, 23), 2), at(on(3, 9), 1)], now.getTime())

  expect(days.map((day) => [day.text, day.notices.map((one) => one.id)])).toEqual([
    ['Today', [4, 3]],
    ['Yesterday', [2]],
    ['3 Nov 2026', [1]],
  ])
})

test('more unread than anybody counts are 99+', () => {
  expect([unreadCount(99), unreadCount(100)]).toEqual(['99', '99+'])
})

test('the desktop says nothing until a person has switched it on, and asks nobody before', async () => {
  const made: string[] = []
  class FakeNotification {
    static permission: NotificationPermission = 'default'
    static requestPermission = async () => (FakeNotification.permission = 'granted')
    onclick = () => undefined
    constructor(readonly title: string) {
      made.push(title)
    }
    close = () => undefined
  }
  vi.stubGlobal('Notification', FakeNotification)
  vi.stubGlobal('isSecureContext', true)
  const desktop = useDesktop()
  const told = { id: 1, title: 'late', text: 'it', open: () => undefined }
  desktop.show(told)
  expect([made, FakeNotification.permission]).toEqual([[], 'default'])
  await desktop.turn(true)
  desktop.show(told)
  expect(made).toEqual(['late'])
  await desktop.turn(false)
  desktop.show(told)
  expect(made).toEqual(['late'])
})
