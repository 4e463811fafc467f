/**
 * What stands in an entry while a person types into it. The saved text never takes its place under the cursor, and words
 * that an input method is still composing are nobody's business yet.
 */
import { ref, watch } from 'vue'
import type { TicketField } from '@/wire'
import { asKept, type Value } from './fields'

type Entry = HTMLInputElement | HTMLTextAreaElement

export function useEntry(field: TicketField, value: () => Value, change: (text: string) => void) {
  const text = ref(value() ?? '')
  let inside = false
  let composing = false

  function typed(event: Event): void {
    text.value = (event.target as Entry).value
    if (!composing) change(text.value)
  }

  function composed(event: Event): void {
    composing = false
    typed(event)
  }

  function left(): void {
    inside = false
    composing = false
    text.value = value() ?? ''
  }

  watch(value, (fresh) => {
    if (composing || (inside && fresh === asKept(field, text.value))) return
    text.value = fresh ?? ''
  })

  const on = { focus: () => void (inside = true), blur: left, input: typed, compositionstart: () => void (composing = true), compositionend: composed }
  return { text, on }
}
