/** What stands under the cursor is the person's own. */
import { expect, test } from 'vitest'
import { effectScope, nextTick, ref } from 'vue'
import { useEntry } from '../src/rooms/tickets/entry'
import type { Value } from '../src/rooms/tickets/fields'

function open() {
  const saved = ref<Value>('')
  const changes: string[] = []
  const bases: (Value | undefined)[] = []
  const entry = effectScope().run(() => useEntry('customer_name', () => saved.value, (text, base) => (changes.push(text), bases.push(base))))
  if (!entry) throw new Error('no entry')
  const { text, on } = entry
  const type = (what: string, by: 'input' | 'compositionend' = 'input') => on[by]({ target: { value: what } } as unknown as Event)
  return { saved, changes, bases, text, on, type }
}

test('the saved name does not take the space away under the cursor, but does when one leaves', async () => {
  const { saved, text, on, type } = open()
  on.focus()
  type('John ')
  saved.value = 'John'
  await nextTick()
  expect(text.value).toBe('John ')
  on.blur()
  expect(text.value).toBe('John')
})

test("another's change comes in, also under the cursor", async () => {
  const { saved, text, on, type } = open()
  on.focus()
  type('John ')
  saved.value = 'Jane'
  await nextTick()
  expect(text.value).toBe('Jane')
})

test('half a word of an input method is neither saved nor disturbed', async () => {
  const { saved, changes, text, on, type } = open()
  on.focus()
  on.compositionstart()
  type('zhang')
  saved.value = 'theirs'
  await nextTick()
  expect(text.value).toBe('zhang')
  expect(changes).toEqual([])
  type('张', 'compositionend')
  expect(changes).toEqual(['张'])
})

test('given up, half a word says nothing, and what was filled in meanwhile stands there', async () => {
  const { saved, changes, text, on, type } = open()
  on.focus()
  on.compositionstart()
  type('zhang')
  saved.value = 'from the words'
  await nextTick()
  type('', 'compositionend')
  expect(changes).toEqual([])
  expect(text.value).toBe('from the words')
})

test('given up after a space, half a word leaves the space under the cursor', async () => {
  const { saved, text, on, type } = open()
  on.focus()
  type('John ')
  saved.value = 'John'
  await nextTick()
  on.compositionstart()
  type('John zh')
  type('John ', 'compositionend')
  expect(text.value).toBe('John ')
})

test('with the words of an input method comes what stood there when they were begun', async () => {
  const { saved, changes, bases, on, type } = open()
  on.focus()
  type('John ')
  saved.value = 'John '
  on.compositionstart()
  type('John zh')
  saved.value = 'theirs'
  await nextTick()
  type('John 张', 'compositionend')
  type('John 张三')
  expect(changes).toEqual(['John ', 'John 张', 'John 张三'])
  expect(bases).toEqual([undefined, 'John', undefined])
})
