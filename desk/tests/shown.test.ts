/** Form and words in one place: what begins brings the form. */
import { expect, test } from 'vitest'
import { ref } from 'vue'
import { useShown } from '../src/rooms/floor/shown'

function desk() {
  const call = ref<string | null>(null)
  const ticket = ref<number | null>(null)
  return { call, ticket, shown: useShown(() => [call.value !== null, call.value, ticket.value]) }
}

test('whoever looked at the day between calls has the form at once when one begins', () => {
  const { call, ticket, shown } = desk()
  shown.value = 'words'
  call.value = 'a.1'
  expect(shown.value).toBe('form')
  shown.value = 'words'
  ticket.value = 7
  expect(shown.value).toBe('form')
  shown.value = 'words'
  call.value = 'a.2'
  expect(shown.value, 'after another without a pause').toBe('form')
})

test('what ends takes nothing away from whoever reads the words', () => {
  const { call, ticket, shown } = desk()
  call.value = 'a.1'
  ticket.value = 7
  shown.value = 'words'
  call.value = null
  expect(shown.value).toBe('words')
})
