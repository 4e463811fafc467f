/**
 * What stands in an entry while a person types into it. The saved text never takes its place under the cursor, and words
 * that an input method is still composing are nobody's business yet.
 */
import { ref, watch } from 'vue'
import type { TicketField } from '@/kit/wire'
import { asKept, type Value } from './fields'

type Entry = HTMLInputElement | HTMLTextAreaElement

/** `change` is told what stood here when the words of an input method were begun: meanwhile somebody else may have changed it. */
export function useEntry(field: TicketField, value: () => Value, change: (text: string, base?: Value) => void) {
  const text = ref(value() ?? '')
  let inside = false
  /** While an input method composes: what stood here before. */
  let composing: { text: string; base: Value } | null = null

  function show(fresh: Value): void {
    if (composing || (inside && fresh === asKept(field, text.value))) return
    text.value = fresh ?? ''
  }

  function typed(event: Event): void {
    text.value = (event.target as Entry).value
    if (!composing) change(text.value)
  }

  function begun(): void {
    composing = { text: text.value, base: asKept(field, value()) }
  }

  function composed(event: Event): void {
    const before = composing
    composing = null
    text.value = (event.target as Entry).value
    if (text.value === before?.text) return show(value()) // given up: what came in meanwhile stands here
    change(text.value, before?.base)
  }

  function left(): void {
    inside = false
    composing = null
    text.value = value() ?? ''
  }

  watch(value, show)

  const on = { focus: () => void (inside = true), blur: left, input: typed, compositionstart: begun, compositionend: composed }
  return { text, on }
}
