/** The desktop's notice of a ring, against a scripted browser. */
import { beforeEach, expect, test, vi } from 'vitest'
import { nextTick, ref } from 'vue'
import { useNotice, type Ringing } from '../src/telephone/notice'

const RING: Ringing = { id: 'a.1/b.1', title: 'Incoming call', who: 'Zhang Guifang' }

class FakeNotification {
  static permission: NotificationPermission = 'default'
  /** What the person says when asked. */
  static says: NotificationPermission = 'granted'
  static requestPermission = async () => (FakeNotification.permission = FakeNotification.says)
  static made: FakeNotification[] = []
  isOpen = true
  onclick = () => undefined
  constructor(
    readonly title: string,
    readonly how: NotificationOptions,
  ) {
    FakeNotification.made.push(this)
  }
  close(): void {
    this.isOpen = false
  }
}

let isLookedAt = false
let focused = 0

beforeEach(() => {
  FakeNotification.permission = 'default'
  FakeNotification.says = 'granted'
  FakeNotification.made = []
  isLookedAt = false
  focused = 0
  vi.stubGlobal('Notification', FakeNotification)
  vi.stubGlobal('isSecureContext', true)
  vi.stubGlobal('focus', () => focused++)
  vi.stubGlobal('document', { hasFocus: () => isLookedAt })
})

function watched() {
  const rings = ref<Ringing | null>(null)
  return { rings, ...useNotice(() => rings.value) }
}

test('nobody is asked until they switch it on, and nothing is shown before', async () => {
  const { rings, noticePermission } = watched()
  rings.value = RING
  await nextTick()
  expect([noticePermission.value, FakeNotification.made]).toEqual(['default', []])
})

test('a ring is told on the desktop for as long as it rings, and a click on it brings the desk', async () => {
  const { rings, switchNotice } = watched()
  await switchNotice(true)
  rings.value = RING
  await nextTick()
  const [notice] = FakeNotification.made
  expect([notice?.title, notice?.how.body, notice?.isOpen]).toEqual([RING.title, RING.who, true])
  notice?.onclick()
  expect([focused, notice?.isOpen]).toEqual([1, false])

  rings.value = null
  await nextTick()
  rings.value = RING
  await nextTick()
  rings.value = null
  await nextTick()
  expect(FakeNotification.made.map((one) => one.isOpen)).toEqual([false, false])
})

test('another ring in the place of the one that ended has its own notice, more about the same one has not', async () => {
  const { rings, switchNotice } = watched()
  await switchNotice(true)
  rings.value = RING
  await nextTick()
  rings.value = { ...RING, who: 'Mrs Zhang' }
  await nextTick()
  rings.value = { ...RING, id: 'a.2/b.2', who: 'Wang' }
  await nextTick()
  expect(FakeNotification.made.map((one) => [one.how.body, one.isOpen])).toEqual([['Zhang Guifang', false], ['Wang', true]])
})

test('who looks at the desk needs no notice', async () => {
  const { rings, switchNotice } = watched()
  await switchNotice(true)
  isLookedAt = true
  rings.value = RING
  await nextTick()
  expect(FakeNotification.made).toEqual([])
})

test('refused is off; switched on once it is on at the next visit', async () => {
  FakeNotification.says = 'denied'
  const first = watched()
  await first.switchNotice(true)
  expect([first.noticeIsOn.value, first.noticePermission.value]).toEqual([false, 'denied'])

  FakeNotification.permission = 'granted'
  const second = watched()
  await second.switchNotice(true)
  expect(watched().noticeIsOn.value).toBe(true)
  await second.switchNotice(false)
  expect(watched().noticeIsOn.value).toBe(false)
})
