/** What has changed is looked at: at once, and not more often than a page can bear. */
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, test, vi } from 'vitest'
import { effectScope } from 'vue'
import { ofCase, useChange, useChanges } from '../src/kit/changes'
import { useLive } from '../src/kit/live'
import { useSession } from '../src/kit/session'
import type { ChangedThing, ServerMessage } from '../src/kit/wire'
import { me } from './made'

let sockets: EventTarget[]
let seen: () => void

class FakeSocket extends EventTarget {
  static OPEN = 1
  readyState = 1
  constructor() {
    super()
    sockets.push(this)
  }
  send(): void {}
  close(): void {}
}

const thing = (id: string | null, version = 1, kind: ChangedThing['kind'] = 'ticket'): ChangedThing => ({ kind, id, version, ticket: null })
const settle = (ms: number) => vi.advanceTimersByTimeAsync(ms)

function say(message: ServerMessage): void {
  sockets.at(-1)?.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(message) }))
}
const changed = (...things: ChangedThing[]) => say({ type: 'changed', things })
const hello = () => say({ type: 'hello', at: '2026-11-23T12:00:00Z', epoch: 1, seq: 0, lost: false })

beforeEach(() => {
  sockets = []
  vi.useFakeTimers()
  vi.stubGlobal('WebSocket', FakeSocket)
  vi.stubGlobal('document', { visibilityState: 'visible', documentElement: {}, addEventListener: (_: string, act: () => void) => (seen = act), removeEventListener: vi.fn() })
  setActivePinia(createPinia())
  useSession().me = me()
  useLive().start()
  hello()
})

function looking(concerns?: (thing: ChangedThing) => boolean) {
  const looks: number[] = []
  const scope = effectScope()
  scope.run(() => useChanges(['ticket'], () => looks.push(Date.now()), concerns))
  return { looks, scope }
}

test('a change is looked at at once, a burst of a thousand no more than every three seconds', async () => {
  const { looks } = looking()
  changed(thing('1'))
  await settle(0)
  expect(looks).toHaveLength(1)
  for (let version = 2; version <= 1000; version++) changed(thing(String(version), version))
  await settle(2_900)
  expect(looks).toHaveLength(1)
  await settle(100)
  expect(looks).toHaveLength(2)
  await settle(60_000)
  expect(looks).toHaveLength(2)
})

test('things of another kind, or that are not shown, are not looked at; any of the kind is', async () => {
  const { looks } = looking(({ id }) => id === '7')
  changed(thing('7', 1, 'call'), thing('8'))
  await settle(10_000)
  expect(looks).toHaveLength(0)
  changed(thing(null, 0))
  await settle(0)
  expect(looks).toHaveLength(1)
})

test('a page about a case looks at the changes of its own orders and not at those of others', async () => {
  const looks: number[] = []
  let shown = 45
  effectScope().run(() => useChanges(['order'], () => looks.push(Date.now()), ofCase(() => shown)))
  const order = (id: string, ticket: number): ChangedThing => ({ kind: 'order', id, version: 1, ticket })
  changed(order('1', 44), order('2', 46))
  await settle(10_000)
  expect(looks).toHaveLength(0)
  changed(order('1', 44), order('3', 45))
  await settle(0)
  expect(looks).toHaveLength(1)
  shown = 44
  await settle(10_000)
  changed(order('1', 44))
  await settle(0)
  expect(looks).toHaveLength(2)
})

test('a page that nobody sees looks when it is seen again, once', async () => {
  const { looks } = looking()
  Object.assign(document, { visibilityState: 'hidden' })
  changed(thing('1'))
  await settle(10_000)
  changed(thing('2'))
  await settle(10_000)
  expect(looks).toHaveLength(0)
  Object.assign(document, { visibilityState: 'visible' })
  seen()
  await settle(10_000)
  expect(looks).toHaveLength(1)
})

test('after a break everything that is shown is looked at, and by a page that was left nothing', async () => {
  const { looks, scope } = looking()
  const { looks: left, scope: gone } = looking()
  gone.stop()
  vi.stubGlobal('fetch', async () => new Response(JSON.stringify(me()), { status: 200 }))
  sockets.at(-1)?.dispatchEvent(new Event('close'))
  await settle(1_000)
  hello()
  await settle(0)
  expect(looks).toHaveLength(1)
  expect(left).toHaveLength(0)
  scope.stop()
})

test('one thing is heard of with its version, or without when any may have changed', () => {
  const heard: (number | null)[] = []
  effectScope().run(() => useChange('ticket', () => '7', (version) => heard.push(version)))
  changed(thing('8', 4), thing('7', 5), thing('7', 6, 'call'))
  changed(thing(null, 0))
  changed(thing(null, 0, 'call'))
  expect(heard).toEqual([5, null])
})
