/** What stands under the cursor is the person's own. */
import { expect, test } from 'vitest'
import { effectScope, nextTick, ref } from 'vue'
import { useEntry } from '../src/tickets/entry'
import type { Value } from '../src/tickets/fields'

function open() {
  const saved = ref<Value>('')
  const changes: string[] = []
  const entry = effectScope().run(() => useEntry('customer_name', () => saved.value, (text) => changes.push(text)))
  if (!entry) throw new Error('no entry')
  const { text, on } = entry
  const type = (what: string, by: 'input' | 'compositionend' = 'input') => on[by]({ target: { value: what } } as unknown as Event)
  return { saved, changes, text, on, type }
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
