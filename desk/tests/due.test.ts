/** How a ticket's clocks stand. */
import { expect, test } from 'vitest'
import { howItStands, runOut } from '../src/rooms/tickets/due'
import type { Ticket } from '../src/kit/wire'

const MINUTE = 60_000
const END = Date.parse('2026-11-23T13:00:00Z')

function deadline(given: Partial<Ticket['deadlines'][number]> = {}): Ticket['deadlines'][number] {
  return { rule: 'N2', because: 'receipt', starts_at: '2026-11-23T12:00:00Z', ends_at: '2026-11-23T13:00:00Z', standing: 'running', warned_at: null, settled_at: null, ...given }
}

const at = (iso: string) => new Date(iso).toISOString()

test.each([
  ['runs', deadline(), END - 30 * MINUTE, 'left', 30],
  ['was warned of', deadline({ warned_at: at('2026-11-23T12:45:00Z') }), END - 10 * MINUTE, 'soon', 10],
  ['ended this moment, which the server has not noted', deadline(), END, 'over', 0],
  ['is over and not done', deadline({ standing: 'breached' }), END + 5 * MINUTE, 'over', 5],
  ['was done in time', deadline({ standing: 'met', settled_at: at('2026-11-23T12:40:00Z') }), END + 60 * MINUTE, 'met', 20],
  ['was done late', deadline({ standing: 'breached', settled_at: at('2026-11-23T13:20:00Z') }), END + 60 * MINUTE, 'late', 20],
  ['has nothing left to wait for', deadline({ standing: 'stopped', settled_at: at('2026-11-23T12:10:00Z') }), END + MINUTE, 'stopped', 50],
])('a clock that %s', (_, given, now, how, minutes) => {
  const stands = howItStands(given, now)
  expect([stands.how, stands.ms / MINUTE]).toEqual([how, minutes])
})

test('clocks that have run out are counted once the server too says so, and not those that were done', () => {
  const clocks = [deadline(), deadline({ standing: 'met', settled_at: at('2026-11-23T12:40:00Z') }), deadline({ ends_at: at('2026-11-23T14:00:00Z') })]
  expect([END - 1, END, END + 1000, END + 60 * MINUTE + 1000].map((now) => runOut(clocks, now))).toEqual([0, 0, 1, 2])
})
