/** What a test call has shown so far, judged by how loud both ways are: pure. */

/** Louder is somebody's voice; softer is the room, or a line on which nobody speaks (-40 dB under full scale). */
const VOICE = 0.2
/** So much that comes back is no crackle. */
const HEARD_MS = 350
/** Own voice for so long, and nothing of it came back: nothing will. */
const LOST_MS = 3000
/** Nobody waits longer before saying something into a test. */
const QUIET_MS = 8000

export type Verdict = 'speak' | 'listening' | 'good' | 'lost' | 'quiet'

/** How long, in ms: since it began, with own voice, with a voice that came back. */
export interface Heard {
  passed: number
  mine: number
  theirs: number
}

export const NOTHING: Heard = { passed: 0, mine: 0, theirs: 0 }

export interface Levels {
  mine: number
  theirs: number
}

/** After another measurement, `ms` after the last. What sounds before one has spoken is no echo. */
export function listen(before: Heard, levels: Levels, ms: number): Heard {
  const mine = before.mine + (levels.mine >= VOICE ? ms : 0)
  const theirs = before.theirs + (mine > 0 && levels.theirs >= VOICE ? ms : 0)
  return { passed: before.passed + ms, mine, theirs }
}

export function verdict(heard: Heard): Verdict {
  if (heard.theirs >= HEARD_MS) return 'good'
  if (heard.mine >= LOST_MS) return 'lost'
  if (heard.mine > 0) return 'listening'
  return heard.passed >= QUIET_MS ? 'quiet' : 'speak'
}
