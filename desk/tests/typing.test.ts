/** What is typed into a dialog's form and not sent is there again: for whoever typed it, and for the same thing. */
import { expect, test, vi } from 'vitest'
import { effectScope, nextTick, ref } from 'vue'
import { keptKeys } from '../src/kit/kept'
import { holdTyping } from '../src/kit/typing'

const MINE = 'typing.7.'

function opened({ start = MINE, name = 'ticket.1.close', answer = '', hours = NaN, isTheirs = (): boolean => true } = {}) {
  const asked = { answer: ref(answer), hours: ref(hours), triggers: ref<string[]>([]) }
  const scope = effectScope()
  const held = scope.run(() => holdTyping(start, name, asked, isTheirs))
  if (!held) throw new Error('no scope')
  const type = async (text: string) => {
    asked.answer.value = text
    held.heard()
    await nextTick()
  }
  return { ...asked, held, type, close: () => scope.stop() }
}

test('what was typed is there again, and what was not touched is as it is by then', async () => {
  const first = opened({ hours: 4 })
  await first.type('已退款')
  first.triggers.value.push('overdue')
  first.held.heard()
  first.close()
  const again = opened({ hours: 8 })
  expect(again.held.taken).not.toBeNull()
  expect([again.answer.value, again.hours.value, again.triggers.value]).toEqual(['已退款', 8, ['overdue']])
})

test('nothing is kept where nothing was typed, whatever was filled in by itself', async () => {
  const first = opened()
  first.hours.value = 4
  await nextTick()
  first.close()
  expect(keptKeys('')).toEqual([])
  expect(opened().held.taken).toBeNull()
})

test('a choice that the form fills in by itself follows when it is opened again, also beside what was typed', async () => {
  const first = opened()
  first.hours.value = 4 // by the catalogue
  await nextTick()
  await first.type('已退款')
  await nextTick()
  first.close()
  const again = opened()
  expect([again.answer.value, again.hours.value]).toEqual(['已退款', NaN])
  again.hours.value = 24
  await nextTick()
  again.held.taken?.drop()
  expect([again.answer.value, again.hours.value]).toEqual(['', 24])
  expect(keptKeys('')).toEqual([])
})

test('a choice goes over none that was made meanwhile', async () => {
  const first = opened({ hours: 4 })
  first.hours.value = 8
  first.held.heard()
  await first.type('已退款')
  first.close()
  expect(opened({ hours: 4 }).hours.value).toBe(8)
  const again = opened({ hours: 6 })
  expect([again.answer.value, again.hours.value]).toEqual(['已退款', 6])
})

test('a block of text that was put in is kept though nobody typed', async () => {
  const first = opened()
  first.answer.value = '给您带来不便'
  await nextTick()
  first.close()
  expect(opened().answer.value).toBe('给您带来不便')
})

test('what is sent again after an answer that was lost is known for the same', async () => {
  const first = opened()
  await first.type('已退款')
  first.close()
  const again = opened()
  expect(again.held.key).toBe(first.held.key)
  again.held.sent()
  expect(opened().held.key).not.toBe(first.held.key)
})

test('what was typed for one thing or by one person is for no other', async () => {
  const first = opened()
  await first.type('已退款')
  expect(opened({ name: 'ticket.1.acknowledge' }).answer.value).toBe('')
  expect(opened({ name: 'ticket.2.close' }).answer.value).toBe('')
  expect(opened({ start: 'typing.8.' }).answer.value).toBe('')
})

test('what was sent, thrown away or taken back is not there again', async () => {
  for (const end of ['sent', 'dropped', 'back'] as const) {
    await opened({ answer: '原来' }).type('已退款')
    const again = opened({ answer: '原来' })
    expect(again.answer.value).toBe('已退款')
    if (end === 'sent') again.held.sent()
    else if (end === 'dropped') again.held.taken?.drop()
    else await again.type('原来')
    if (end !== 'sent') expect(again.answer.value).toBe('原来')
    await nextTick()
    expect(keptKeys('')).toEqual([])
  }
})

test('after it was sent nothing is kept any more, though the form still stands', async () => {
  const form = opened()
  await form.type('已退款')
  form.held.sent()
  form.answer.value = ''
  await nextTick()
  expect(keptKeys('')).toEqual([])
})

test('what somebody else wrote meanwhile stands beside what was typed over it', async () => {
  await opened({ answer: '旧的' }).type('我的')
  const again = opened({ answer: '别人的' })
  expect(again.answer.value).toBe('我的')
  expect(again.held.taken?.newer).toEqual(['别人的'])
})

test('a number that was taken out stays out', async () => {
  const first = opened({ hours: 4 })
  first.hours.value = NaN
  first.held.heard()
  expect(opened({ hours: 4 }).hours.value).toBeNaN()
})

test('whoever sits here by then keeps nothing of who sat here before', async () => {
  let isTheirs = true
  const form = opened({ isTheirs: () => isTheirs })
  isTheirs = false
  await form.type('已退款')
  expect(keptKeys('')).toEqual([])
})

test('of many forms that were begun the newest stay', async () => {
  vi.useFakeTimers()
  for (let n = 0; n < 60; n++) {
    vi.advanceTimersByTime(1000)
    await opened({ name: `ticket.${n}.close` }).type('x')
  }
  vi.useRealTimers()
  expect(keptKeys(MINE)).toHaveLength(50)
  expect(keptKeys(MINE)).not.toContain(`${MINE}ticket.9.close`)
  expect(keptKeys(MINE)).toContain(`${MINE}ticket.10.close`)
})
