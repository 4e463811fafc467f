/** What a test call says of two levels. */
import { expect, test } from 'vitest'
import { listen, NOTHING, verdict, type Levels, type Verdict } from '../src/telephone/verdict'

const VOICE: Levels = { mine: 0.5, theirs: 0 }
const ECHO: Levels = { mine: 0.5, theirs: 0.5 }
const PAUSE: Levels = { mine: 0.05, theirs: 0.05 }

/** So many tenths of a second of each. */
function after(...story: [Levels, number][]): Verdict {
  let heard = NOTHING
  for (const [levels, tenths] of story) for (let i = 0; i < tenths; i++) heard = listen(heard, levels, 100)
  return verdict(heard)
}

test.each<[string, Verdict, [Levels, number][]]>([
  ['at first one is asked to speak', 'speak', [[PAUSE, 70]]],
  ['a microphone that gives nothing is told', 'quiet', [[PAUSE, 80]]],
  ['who speaks late is heard all the same', 'listening', [[PAUSE, 90], [VOICE, 5]]],
  ['what comes back is good', 'good', [[VOICE, 3], [ECHO, 4]]],
  ['a crackle is no voice', 'listening', [[VOICE, 3], [ECHO, 3]]],
  ['three seconds of voice without an echo are told', 'lost', [[VOICE, 30]]],
  ['pauses of the speaker do not count', 'listening', [[VOICE, 20], [PAUSE, 90], [VOICE, 9]]],
  ['an echo that comes after all is good', 'good', [[VOICE, 40], [ECHO, 4]]],
  ['what sounds before one has spoken is no echo', 'speak', [[{ mine: 0, theirs: 0.5 }, 50]]],
  ['once good it stays so', 'good', [[ECHO, 4], [VOICE, 90]]],
])('%s', (_, expected, story) => {
  expect(after(...story)).toBe(expected)
})
