/** The queue of screen-pops as a pure fold over the messages: one card per offer, replaced in place, never twice visible. */
import type { PopCard } from './wire'

export interface Pops {
  /** Ringing now, oldest offer first. */
  readonly ringing: readonly PopCard[]
  /** Ids whose ring is over: a late enrichment or a replay must not bring them back. */
  readonly over: readonly string[]
  /** The newest card of each call, for the call that follows the ring. */
  readonly byCall: Readonly<Record<string, PopCard>>
}

export const noPops: Pops = { ringing: [], over: [], byCall: {} }
const REMEMBERED = 50

export function popped(pops: Pops, card: PopCard): Pops {
  const byCall = Object.fromEntries(Object.entries({ ...pops.byCall, [card.call_id]: card }).slice(-REMEMBERED))
  if (pops.over.includes(card.id)) return { ...pops, byCall }
  const known = pops.ringing.find((other) => other.id === card.id)
  if (known?.stage === 'enriched' && card.stage === 'first') return pops
  const ringing = known ? pops.ringing.map((other) => (other.id === card.id ? card : other)) : [...pops.ringing, card]
  return { ...pops, ringing, byCall }
}

export function popEnded(pops: Pops, id: string): Pops {
  return { ...pops, ringing: pops.ringing.filter((card) => card.id !== id), over: [...pops.over, id].slice(-REMEMBERED) }
}
