/**
 * Older never wins. What the server tells whole, pushed or answered, carries a version: `supersedes` says whether it may take the
 * place of what is shown. What is read again at every change carries none: of several questions under way only the answer to the
 * newest one counts, for it was asked last and by then everything earlier had happened.
 */
import type { Wire } from './wire'

export type Version = Wire<'Version'>

/** `epoch`: the run of the server that the stream comes from, 0 as long as it has said nothing. What another run said is over. */
export function supersedes(fresh: Version, shown: Version | null, epoch: number): boolean {
  if (epoch !== 0 && fresh.epoch !== epoch) return false
  if (!shown || shown.epoch !== fresh.epoch) return true
  return fresh.n > shown.n
}

export interface Question {
  /** Nothing was asked after it. */
  isNewest(): boolean
}

/** Questions whose answers take each other's place. */
export function useNewest() {
  let latest = 0

  function ask(): Question {
    const mine = ++latest
    return { isNewest: () => mine === latest }
  }

  /** What is under way is not wanted any more. */
  const forget = () => void latest++
  return { ask, forget }
}
