/** A draft that goes into an earlier case: once, also when its answer was lost, and taken back beside its own caller alone. */
import { beforeEach, expect, test, vi } from 'vitest'
import type { TicketRow } from '../src/kit/wire'
import { isAbout, useJoin } from '../src/rooms/floor/joining'
import { ticket } from './made'

type Sent = { key: string; text: string; draft: { id: number; version: number } }
let sent: Sent[]
let answer: () => Response | 'away'
const row = { id: 3, number: 'T2026-11-000003' } as TicketRow
const refused = (code: string) => new Response(JSON.stringify({ code, message: '', fields: [] }), { status: 409 })

beforeEach(() => {
  sent = []
  answer = () => new Response(JSON.stringify({ id: 1, version: 1 }), { status: 200 })
  vi.stubGlobal('fetch', async (_: string, init: RequestInit) => {
    sent.push(JSON.parse(String(init.body)) as Sent)
    const said = answer()
    if (said === 'away') throw new TypeError('failed to fetch')
    return said
  })
})

test('a join whose answer was lost is sent again as it was, though its draft has another version by then', async () => {
  const join = useJoin()
  answer = () => 'away'
  await expect(join.send(row, '', ticket({ id: 7, version: 5 }))).rejects.toThrow()
  expect(join.begun.value).not.toBeNull()
  answer = () => new Response(JSON.stringify({ id: 1, version: 1 }), { status: 200 })
  await join.send(row, '', ticket({ id: 7, version: 6, state: 'discarded' }))
  expect(sent[1]).toEqual(sent[0])
  expect([join.begun.value, join.last.value?.draft.id]).toEqual([null, 7])
})

test('one that was refused, and one with other words, are joins of their own', async () => {
  const join = useJoin()
  answer = () => refused('stale')
  await expect(join.send(row, '', ticket({ id: 7, version: 5 }))).rejects.toThrow()
  answer = () => 'away'
  await expect(join.send(row, '', ticket({ id: 7, version: 6 }))).rejects.toThrow()
  await expect(join.send(row, 'more', ticket({ id: 7, version: 6 }))).rejects.toThrow()
  expect(sent.map((one) => one.draft.version)).toEqual([5, 6, 6])
  expect(new Set(sent.map((one) => one.key)).size).toBe(3)
})

test('what was joined is taken back beside its case and its draft, and beside no other caller', async () => {
  const last = await useJoin().send(row, '', ticket({ id: 7 }))
  expect([ticket({ id: 3 }), ticket({ id: 7 }), ticket({ id: 8 }), null].map((shown) => isAbout(last, shown))).toEqual([true, true, false, false])
})
