/** A call's record is looked for until it is there. */
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { effectScope, nextTick, ref, type EffectScope } from 'vue'
import { useSession } from '../src/kit/session'
import { useCallDetail } from '../src/rooms/calls/detail'
import { me } from './made'

let scope: EffectScope
let asked: string[]
let answer: (path: string) => unknown

const finished = { call: { ended_at: '2026-11-23T12:00:00Z' }, recording: { state: 'archived' }, transcript: { state: 'done' }, legs: [] }
const settle = (ms: number) => vi.advanceTimersByTimeAsync(ms)

function look(id: () => string | null) {
  const detail = scope.run(() => useCallDetail(id))
  if (!detail) throw new Error('no detail')
  return detail
}

beforeEach(() => {
  vi.useFakeTimers()
  setActivePinia(createPinia())
  useSession().me = me()
  scope = effectScope()
  asked = []
  vi.stubGlobal('fetch', async (url: string) => {
    asked.push(url)
    const served = await answer(url)
    if (!served) throw new TypeError('network')
    return new Response(JSON.stringify(served), { status: 200 })
  })
})
afterEach(() => scope.stop())

test('with the server away it is said and tried again, each time a little later', async () => {
  answer = () => null
  const { detail, failure } = look(() => 'a.1')
  await settle(0)
  expect(failure.value).not.toBe('')
  await settle(60_000)
  expect(asked.length).toBeGreaterThan(3)
  expect(asked.length).toBeLessThan(8)
  answer = () => finished
  await settle(60_000)
  expect(detail.value).toEqual(finished)
  expect(failure.value).toBe('')
})

test('another call is not shown with the words of the one before', async () => {
  const id = ref('a.1')
  answer = () => finished
  const { detail } = look(() => id.value)
  await settle(0)
  expect(detail.value).not.toBeNull()
  id.value = 'b.2'
  await nextTick()
  expect(detail.value).toBeNull()
})

test.each([
  ['answer', finished],
  ['failure', null],
])('another call is not shown with the late %s of the one before', async (_, late) => {
  const id = ref('a.1')
  let answered: (how: unknown) => void = () => {}
  answer = () => new Promise((ok) => (answered = ok))
  const { detail, failure } = look(() => id.value)
  await settle(0)
  const ofTheFirst = answered
  id.value = 'b.2'
  await settle(0)
  ofTheFirst(late)
  await settle(0)
  expect([detail.value, failure.value]).toEqual([null, ''])
  answered(finished)
  await settle(60_000)
  expect([detail.value, asked.length]).toEqual([finished, 2])
})

test('who leaves asks no more', async () => {
  answer = () => null
  look(() => 'a.1')
  scope.stop()
  await settle(60_000)
  expect(asked).toHaveLength(1)
})
