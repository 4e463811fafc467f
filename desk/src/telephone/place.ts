/**
 * Which machine has the page's telephone: the switch knows one address, and a second registration throws the first one off
 * without a word. The server is asked before one registers. Tabs of one browser have settled it among themselves before (`tab`).
 */
import { watch } from 'vue'
import { keep, kept } from '@/kit/kept'
import { newKey } from '@/kit/key'
import { useLive } from '@/kit/live'

/** Without a word from the server the phone is registered all the same: calls must ring while the server is away. */
const PATIENCE_MS = 3000

export interface PlaceEvents {
  /** The phone is ours to register; said again when a line of ours may have been thrown off. */
  here(): void
  elsewhere(): void
  /** Not taken: there is a call on it. */
  refused(): void
  /** Something is going on here that must not lose its phone. */
  busy(): boolean
}

/** This browser's name for itself, no person's. */
function deviceName(): string {
  const known = kept('device', '')
  if (known) return known
  const made = newKey()
  keep('device', made)
  return made
}

export function usePlace(events: PlaceEvents) {
  const live = useLive()
  const device = deviceName()
  let wanted = false
  let isHere = false
  let wasElsewhere = false
  let timer = 0

  function say(act: 'ask' | 'wait' | 'take' | 'closed' | 'leave'): void {
    if (live.link === 'up') live.send({ type: 'phone', act, device, busy: events.busy() })
  }

  function ask(act: 'ask' | 'take'): void {
    wanted = true
    window.clearTimeout(timer)
    if (isHere) return events.here()
    say(act === 'ask' && wasElsewhere ? 'wait' : act)
    if (!wasElsewhere) timer = window.setTimeout(() => wanted && !isHere && !wasElsewhere && events.here(), PATIENCE_MS)
  }

  /** Ours no more, and not waited for. */
  function leave(): void {
    if (wanted) say('leave')
    forget()
  }

  /** Another tab of this browser has it: that one speaks for the browser. */
  function forget(): void {
    window.clearTimeout(timer)
    wanted = isHere = wasElsewhere = false
  }

  const tellBusy = () => isHere && say('ask')
  const closed = () => say('closed')

  watch(
    () => live.handset,
    (told) => {
      if (!told || !wanted) return
      if (told.place === 'busy') return events.refused()
      window.clearTimeout(timer)
      const had = isHere
      isHere = told.place !== 'elsewhere'
      wasElsewhere = !isHere
      if (!isHere) events.elsewhere()
      else if (!had || told.place === 'again') events.here()
    },
    { flush: 'sync' },
  )
  // a break or a restart: the server asks nobody, so it is told
  watch(
    () => live.link,
    (link) => link === 'up' && wanted && say(wasElsewhere ? 'wait' : 'ask'),
  )
  return { ask, leave, forget, tellBusy, closed }
}
