/** Things that are no longer what they were: whoever shows one reads it again. */
import { onScopeDispose, watch } from 'vue'
import { useLive, type Heed } from './live'
import type { ChangedThing, Kind } from './wire'

/** A busy centre saves several tickets a second: a list is read so often at most, and at once after a quiet time. */
const LOOK_MS = 3_000

/** `act` hears of changes; `missed` is called when this browser may not have been told of some. */
function listen(act: Heed, missed: () => unknown): void {
  const live = useLive()
  onScopeDispose(live.heed(act))
  watch(
    () => live.link,
    (link) => link === 'up' && void missed(),
  )
  watch(
    () => live.lost,
    () => void missed(),
  )
}

/** One thing's change to a version; null: it may have changed, nobody knows to what. */
export function useChange(kind: Kind, id: () => string | null | undefined, act: (version: number | null) => unknown): void {
  const isIt = (thing: ChangedThing) => thing.kind === kind && id() && (thing.id === null || thing.id === id())
  listen(
    (things) => things.filter(isIt).forEach((thing) => void act(thing.id === null ? null : thing.version)),
    () => id() && act(null),
  )
}

/** Whether an order that changed is about this case: a page about one case reads nothing again for the orders of others. */
export const ofCase = (ticket: () => number) => (thing: ChangedThing) => thing.ticket === ticket()

/**
 * Changes of any thing of these kinds: `look` is called at once, or once the pause since the last look is over, however many there
 * were. A page that nobody sees looks when it is seen again. `concerns` narrows it to things that are shown.
 */
export function useChanges(kinds: readonly Kind[], look: () => void, concerns: (thing: ChangedThing) => boolean = () => true): void {
  let lookedAt = -Infinity
  let timer = 0
  let isWaiting = false

  function soon(): void {
    if (timer) return
    timer = window.setTimeout(() => {
      timer = 0
      if (document.visibilityState !== 'visible') return void (isWaiting = true)
      lookedAt = performance.now()
      look()
    }, Math.max(0, lookedAt + LOOK_MS - performance.now()))
  }

  function seen(): void {
    if (document.visibilityState !== 'visible' || !isWaiting) return
    isWaiting = false
    soon()
  }

  const isOurs = (thing: ChangedThing) => kinds.includes(thing.kind) && (thing.id === null || concerns(thing))
  listen((things) => things.some(isOurs) && soon(), soon)
  document.addEventListener('visibilitychange', seen)
  onScopeDispose(() => {
    document.removeEventListener('visibilitychange', seen)
    window.clearTimeout(timer)
  })
}
