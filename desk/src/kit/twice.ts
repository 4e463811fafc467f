/** What cannot be undone and lies beside something harmless is done at the second press: the first one asks. */
import { ref, type Ref } from 'vue'

/** Time to read what the first press says, and to press again. */
const ASKED_MS = 3000

export interface Twice {
  /** Pressed once: the next press does it. */
  asked: Ref<boolean>
  press(): void
  forget(): void
}

export function useTwice(act: () => void): Twice {
  const asked = ref(false)
  let timer = 0

  function forget(): void {
    window.clearTimeout(timer)
    asked.value = false
  }

  function press(): void {
    const does = asked.value
    forget()
    if (does) return act()
    asked.value = true
    timer = window.setTimeout(forget, ASKED_MS)
  }

  return { asked, press, forget }
}
