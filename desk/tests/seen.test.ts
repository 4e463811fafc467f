/** A dialog about what changes meanwhile: not answered unseen, nothing typed is lost, and the next press is about what is shown. */
import { expect, test } from 'vitest'
import { Refused, Unreachable } from '../src/kit/http'
import { useSeen } from '../src/kit/seen'

const stale = () => new Refused(409, { code: 'stale', message: '', fields: [] })
let now = { id: 7, version: 3 }
const take = (of: typeof now) => (of.version === now.version ? Promise.resolve(of.version) : Promise.reject(stale()))

test('what has changed is refused once, shown as it is now, and taken at the next press', async () => {
  const dialog = useSeen({ id: 7, version: 2 }, () => Promise.resolve(now))
  await expect(dialog.take(take)).rejects.toMatchObject({ problem: { code: 'stale' } })
  expect(dialog.isNewer.value).toBe(true)
  expect(dialog.seen.value).toEqual(now)
  expect(await dialog.take(take)).toBe(3)
})

test('what becomes of it while nobody presses is not answered unseen', async () => {
  const dialog = useSeen(now, () => Promise.resolve(now))
  now = { id: 7, version: 4 }
  await expect(dialog.take(take)).rejects.toBeInstanceOf(Refused)
  expect(await dialog.take(take)).toBe(4)
})

test('any other refusal reads nothing: it may have been done, and the same is sent again', async () => {
  let reads = 0
  const dialog = useSeen(now, () => Promise.resolve((reads++, now)))
  await expect(dialog.take(() => Promise.reject(new Unreachable('orders/1/return')))).rejects.toBeInstanceOf(Unreachable)
  expect([reads, dialog.isNewer.value]).toEqual([0, false])
})

test('with the server away it is said, and the next press tries again', async () => {
  let isAway = true
  const dialog = useSeen({ id: 7, version: 2 }, () => (isAway ? Promise.reject(new Unreachable('orders/7')) : Promise.resolve(now)))
  await expect(dialog.take(take)).rejects.toBeInstanceOf(Unreachable)
  expect(dialog.isNewer.value).toBe(false)
  isAway = false
  await expect(dialog.take(take)).rejects.toBeInstanceOf(Refused)
  expect(await dialog.take(take)).toBe(4)
})
