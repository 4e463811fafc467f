/** Who else is at the same case, and in which field: said to the server when it changes, and told by it at once. */
import { computed, onScopeDispose, ref, watch } from 'vue'
import { useLive } from './live'

/** Somebody who goes through the fields with Tab is in none of them. */
const PAUSE_MS = 250
/** The case that this page last said it shows: a form that goes takes back only its own word. */
let said = 0

/** `ticket`: the case that is shown, 0 while it is none yet. */
export function useLooking(ticket: () => number) {
  const live = useLive()
  const field = ref<string | null>(null)
  let timer = 0

  const others = computed(() => (live.beside && live.beside.ticket === ticket() ? live.beside.others : []))

  function say(): void {
    window.clearTimeout(timer)
    if (!ticket()) return
    said = ticket()
    live.send({ type: 'look', ticket: said, field: field.value })
  }

  function soon(): void {
    window.clearTimeout(timer)
    timer = window.setTimeout(say, PAUSE_MS)
  }

  // whoever comes back after a break says anew what it shows
  watch([ticket, () => live.link], () => live.link === 'up' && say(), { immediate: true })
  watch(field, soon)
  onScopeDispose(() => {
    window.clearTimeout(timer)
    if (said !== ticket()) return
    said = 0
    live.send({ type: 'look', ticket: null, field: null })
  })

  return { others, field }
}
