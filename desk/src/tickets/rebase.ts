/** What was typed against one version of a ticket, carried over to a newer one. Pure. */
import type { Ticket, TicketField } from '@/wire'
import type { Typed, Value } from './fields'

export interface Unsent {
  /** What the person typed and the server has not confirmed. */
  typed: Typed
  /** What stood in those fields when the person began. */
  base: Typed
}

export interface Rebased {
  unsent: Unsent
  /** Fields that somebody else changed meanwhile to something else: the person decides. */
  conflicts: Partial<Record<TicketField, Value>>
}

/** The person has seen the other's content and keeps their own. */
export function insist(unsent: Unsent, field: TicketField, theirs: Value): Unsent {
  return { ...unsent, base: { ...unsent.base, [field]: theirs } }
}

export function rebase(unsent: Unsent, fresh: Ticket): Rebased {
  const kept: Unsent = { typed: {}, base: {} }
  const conflicts: Rebased['conflicts'] = {}
  for (const [name, mine] of Object.entries(unsent.typed) as [TicketField, Value][]) {
    const theirs = fresh[name]
    if (theirs === mine) continue
    kept.typed[name] = mine
    // a machine's filling never asks: who types knows better
    const byPerson = (fresh.sources[name]?.by ?? 'agent') === 'agent'
    const clash = theirs !== unsent.base[name] && byPerson
    if (clash) conflicts[name] = theirs
    kept.base[name] = clash ? unsent.base[name] : theirs // a clash stays one, over reloads too, until it is settled
  }
  return { unsent: kept, conflicts }
}
