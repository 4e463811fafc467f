/** The pane beside a list: whose it is, and that it shows the row one stays on and no other. */
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, test, vi } from 'vitest'
import { effectScope, nextTick, ref } from 'vue'
import { usePreview, usePreviewed } from '../src/kit/preview'
import { useSession } from '../src/kit/session'
import { me } from './made'

interface Asked {
  id: number
  signal: AbortSignal
  answer(text: string): void
  fail(): void
}

let asked: Asked[]
const settle = (ms: number) => vi.advanceTimersByTimeAsync(ms)

function read(id: number, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    asked.push({ id, signal, answer: resolve, fail: () => reject(new Error('away')) })
    signal.addEventListener('abort', () => reject(new Error('let go')))
  })
}

function pane(first: number) {
  const id = ref(first)
  const scope = effectScope()
  const shown = scope.run(() => usePreviewed(() => id.value, ['ticket'], read))
  if (!shown) throw new Error('no scope')
  return { id, scope, shown }
}

beforeEach(() => {
  asked = []
  vi.useFakeTimers()
  vi.stubGlobal('document', { visibilityState: 'visible', documentElement: {}, addEventListener: vi.fn(), removeEventListener: vi.fn() })
  setActivePinia(createPinia())
  useSession().me = me()
})

test('rows that one only walks over are not asked for', async () => {
  const { id } = pane(1)
  for (const next of [2, 3, 4]) {
    await settle(50)
    id.value = next
    await nextTick()
  }
  await settle(1000)
  expect(asked.map((one) => one.id)).toEqual([4])
})

test('whoever goes on lets the question before go, and its answer is never shown', async () => {
  const { id, shown } = pane(1)
  await settle(1000)
  id.value = 2
  await nextTick()
  expect(asked[0]?.signal.aborted).toBe(true)
  await settle(1000)
  asked[1]?.answer('two')
  await settle(0)
  asked[0]?.answer('one')
  await settle(0)
  expect(shown.thing.value).toBe('two')
})

test('what one goes on to does not stand under what was shown before', async () => {
  const { id, shown } = pane(1)
  await settle(1000)
  asked[0]?.answer('one')
  await settle(0)
  expect(shown.thing.value).toBe('one')
  id.value = 2
  await nextTick()
  expect(shown.thing.value).toBeNull()
})

test('a failure is said, and asked again it is gone', async () => {
  const { shown } = pane(1)
  await settle(1000)
  asked[0]?.fail()
  await settle(0)
  expect(shown.failure.value).not.toBe('')
  void shown.load()
  asked[1]?.answer('one')
  await settle(0)
  expect([shown.thing.value, shown.failure.value]).toEqual(['one', ''])
})

test('a pane that is gone lets its question go', async () => {
  const { scope } = pane(1)
  await settle(1000)
  scope.stop()
  expect(asked[0]?.signal.aborted).toBe(true)
})

test('who closed the pane finds it closed, and who sits there next finds it open', async () => {
  usePreview().turn('closed')
  setActivePinia(createPinia())
  useSession().me = me()
  expect(usePreview().isClosed).toBe(true)
  useSession().me = { ...me(), id: 99 }
  await nextTick()
  expect(usePreview().isClosed).toBe(false)
})
