/** The server's time. The browser's own clock may be an hour off; every age and countdown is counted with `now()`. */
import { computed, onScopeDispose, ref, type ComputedRef } from 'vue'

let offset = 0

/** Called with every server timestamp that was made a moment ago. A best-of-many: the least delayed one is the truest. */
export function learn(serverTime: string): void {
  const seen = Date.parse(serverTime) - Date.now()
  if (!Number.isNaN(seen) && (offset === 0 || seen > offset || Math.abs(seen - offset) > 2000)) offset = seen
}

/** Milliseconds since the epoch by the server's clock. */
export function now(): number {
  return Date.now() + offset
}

const tick = ref(0)
let users = 0
let timer = 0

/** A reactive `now()` that moves four times a second while somebody looks at it. */
export function useNow(): ComputedRef<number> {
  if (users++ === 0) timer = window.setInterval(() => tick.value++, 250)
  onScopeDispose(() => {
    if (--users === 0) window.clearInterval(timer)
  })
  return computed(() => (void tick.value, now()))
}
