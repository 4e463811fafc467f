/** Which of all that waits is next, where it is worked on, how a row reads. */
import { expect, test } from 'vitest'
import { besides, nameOf, next, roomOf, wayTo, type Row, type Tray } from '../src/rooms/home/trays'

const row = (more: Partial<Row> = {}): Row => ({
  id: '7', ticket_id: 3, number: 'T2026-11-000003', said: 'complaint', customer_name: '', customer_number: '13800138000', author: null,
  department: null, since: '2026-11-23T09:00:00Z', urgent: false, deadline: null, ...more,
})
const clock = (ends_at: string): Row['deadline'] => ({ rule: 'N2', because: 'receipt', starts_at: '2026-11-23T08:00:00Z', ends_at, standing: 'running', warned_at: null, settled_at: null })
const tray = (name: Tray['tray'], ...rows: Row[]): Tray => ({ tray: name, count: rows.length, rows })

test('what ends first is next, in whatever tray it lies', () => {
  const late = row({ id: '1', deadline: clock('2026-11-23T09:00:00Z') })
  const later = row({ id: '2', deadline: clock('2026-11-23T10:00:00Z') })

  expect(next([tray('cases', later), tray('reviews', late), tray('drafts', row())])).toEqual({ tray: tray('reviews', late), row: late })
})

test('an urgent thing is before one that ends sooner', () => {
  const sooner = row({ id: '1', deadline: clock('2026-11-23T09:00:00Z') })
  const urgent = row({ id: '2', urgent: true, deadline: clock('2026-11-23T10:00:00Z') })

  expect(next([tray('reviews', sooner, urgent)])?.row.id).toBe('2')
})

test('without any clock nothing is next', () => {
  expect(next([tray('drafts', row()), tray('cases')])).toBeNull()
})

test('each tray leads to where its things are worked on', () => {
  expect(wayTo('cases', row())).toBe('/tickets/3')
  expect(wayTo('reviews', row())).toEqual({ name: 'reviews', query: { paper: '7' } })
  expect(wayTo('orders', row())).toBe('/orders')
  expect(wayTo('calls', row({ id: 'tingsu-1.1' }))).toEqual({ name: 'call', query: { id: 'tingsu-1.1' } })
})

test('what waits to be taken leads to the tray of its level', () => {
  expect(wayTo('to_senior', row())).toBe('/tickets/3')
  expect((['to_manager', 'to_data', 'to_senior', 'to_junior'] as const).map(roomOf)).toEqual(['/trays/hotline', '/trays/suggestions', '/trays/seniors', '/trays/juniors'])
})

test('a row reads by its number and whom it is about', () => {
  expect(nameOf(row())).toBe('T2026-11-000003 · 138 0013 8000')
  expect(nameOf(row({ customer_name: '张桂芳' }))).toBe('T2026-11-000003 · 张桂芳')
  expect(nameOf(row({ number: null, customer_number: '' }))).toBe('号码未显示')
})

test('a paper says what it is, for which department and by whom', () => {
  const paper = row({ said: 'dispatch', author: '周敏', department: { code: 'network', zh: '网络部', en: 'Network' } })

  expect(besides('reviews', paper)).toContain('派单 · 网络部 · 周敏')
  expect(besides('orders', row({ said: 'issued', department: paper.department }))).not.toContain('网络部')
})
