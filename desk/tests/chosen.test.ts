/** Rows chosen to do something with together: by their ids, wherever they stand. */
import { expect, test } from 'vitest'
import { nextTick, shallowRef } from 'vue'
import { useChosen } from '../src/kit/chosen'

interface Row { id: number; text: string }
const made = (...ids: number[]): Row[] => ids.map((id) => ({ id, text: 'as it was' }))

function choosing(...ids: number[]) {
  const rows = shallowRef(made(...ids))
  const of = useChosen(() => rows.value)
  return { rows, ...of, ids: () => of.chosen.value.map((row) => row.id) }
}

test('a row is chosen and let go', () => {
  const { turn, has, ids } = choosing(1, 2, 3)
  turn(2)
  expect([has(2), ids()]).toEqual([true, [2]])
  turn(2)
  expect(ids()).toEqual([])
})

test('a range goes from the row that was turned last, either way, and adds to what is chosen', () => {
  const { turn, reach, ids } = choosing(1, 2, 3, 4, 5, 6)
  turn(6)
  turn(3)
  reach(1)
  expect(ids()).toEqual([1, 2, 3, 6])
  reach(4)
  expect(ids()).toEqual([1, 2, 3, 4, 6])
})

test('a range without a beginning is its row', () => {
  const { reach, ids } = choosing(1, 2, 3)
  reach(3)
  expect(ids()).toEqual([3])
})

test('rows stay chosen where they move to, each as it is now', async () => {
  const { rows, turn, chosen, ids } = choosing(1, 2, 3)
  turn(1)
  rows.value = [{ id: 9, text: 'new' }, { id: 2, text: 'as it was' }, { id: 1, text: 'changed' }]
  await nextTick()
  expect(ids()).toEqual([1])
  expect(chosen.value[0]?.text).toBe('changed')
})

test('what is not loaded any more is let go, and is not chosen when it comes back', async () => {
  const { rows, all, ids } = choosing(1, 2, 3)
  all()
  rows.value = made(2)
  await nextTick()
  rows.value = made(1, 2, 3)
  await nextTick()
  expect(ids()).toEqual([2])
})

test('all are those that are loaded: with a further page they are not all', async () => {
  const { rows, all, isAll, clear } = choosing(1, 2)
  all()
  expect(isAll.value).toBe(true)
  rows.value = made(1, 2, 3)
  await nextTick()
  expect(isAll.value).toBe(false)
  clear()
  rows.value = []
  await nextTick()
  expect(isAll.value).toBe(false)
})
