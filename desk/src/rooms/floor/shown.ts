/** Where form and words share a place: which of them is there. */
import { ref, watch, type Ref } from 'vue'

export const SHOWN = ['form', 'words'] as const
export type Shown = (typeof SHOWN)[number]

/**
 * `begun`: what is on the desk. With each thing that begins the form is there, whatever was looked at before, and at once: it
 * takes the keyboard when it is drawn.
 */
export function useShown(begun: () => readonly unknown[]): Ref<Shown> {
  const shown = ref<Shown>('form')
  watch(
    begun,
    (things, before) => {
      if (things.some((thing, at) => thing && thing !== before[at])) shown.value = 'form'
    },
    { flush: 'sync' },
  )
  return shown
}
