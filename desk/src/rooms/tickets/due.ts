/** How a clock of a ticket stands at a moment, also in the one before the server has noted it. Pure. */
import type { Ticket } from '@/kit/wire'

type Deadline = Ticket['deadlines'][number]

/** `left` and `soon` run, `over` has run out and is still to be done; the others are settled. */
export type How = 'left' | 'soon' | 'over' | 'met' | 'late' | 'stopped'

const TONES: Record<How, '' | 'good' | 'warn' | 'bad'> = { left: '', soon: 'warn', over: 'bad', met: 'good', late: 'bad', stopped: '' }

/** `ms`: what is left, or how much it is, or was, late. */
export function howItStands(deadline: Deadline, now: number): { how: How; tone: string; ms: number } {
  const end = Date.parse(deadline.ends_at)
  const settled = deadline.settled_at ? Date.parse(deadline.settled_at) : null
  const how = settled === null ? running(deadline, now >= end) : done(deadline)
  return { how, tone: TONES[how], ms: Math.abs(end - (settled ?? now)) }
}

/** The server's clock and this machine's are the same but for so much. */
const APART_MS = 1000

/** How many have run out and are still to be done, for the server too. */
export const runOut = (deadlines: readonly Deadline[], now: number): number => deadlines.filter((one) => howItStands(one, now - APART_MS).how === 'over').length

function running(deadline: Deadline, isOver: boolean): How {
  if (isOver || deadline.standing === 'breached') return 'over'
  return deadline.warned_at ? 'soon' : 'left'
}

function done({ standing }: Deadline): How {
  if (standing === 'met' || standing === 'stopped') return standing
  return 'late'
}
