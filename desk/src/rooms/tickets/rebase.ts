/** What was typed against one version of a ticket, carried over to a newer one. Pure. */
import type { Ticket, TicketField } from '@/kit/wire'
import { asKept, type Typed, type Value } from './fields'

export interface Unsent {
  /** What the person typed and the server has not confirmed. */
  typed: Typed
  /** What stood in those fields when the person began. */
  base: Typed
  /** What is on its way to the server, or was when its answer got lost: seen there, it is our own. */
  sent: Typed
}

export interface Rebased {
  unsent: Unsent
  /** Fields that somebody else changed meanwhile to something else: the person decides. */
  conflicts: Partial<Record<TicketField, Value>>
}

export const nothing = (): Unsent => ({ typed: {}, base: {}, sent: {} })
const names = (of: Typed) => Object.keys(of) as TicketField[]

/** The server took what was sent and made this ticket of it. What was typed meanwhile was typed on top of it. */
export function taken(unsent: Unsent, fresh: Ticket): Unsent {
  const { typed, base, sent } = { typed: { ...unsent.typed }, base: { ...unsent.base }, sent: unsent.sent }
  for (const name of names(sent)) {
    base[name] = fresh[name]
    if (typed[name] !== sent[name]) continue
    delete typed[name]
    delete base[name]
  }
  return { typed, base, sent: {} }
}

/** Whether what was sent arrived nobody knows: where the ticket has it, it did. */
export function arrived(unsent: Unsent, fresh: Ticket): Unsent {
  const there = names(unsent.sent).filter((name) => fresh[name] === asKept(name, unsent.sent[name] ?? null))
  return taken({ ...unsent, sent: Object.fromEntries(there.map((name) => [name, unsent.sent[name]])) }, fresh)
}

/** The person has seen the other's content and keeps their own. */
export function insist(unsent: Unsent, field: TicketField, theirs: Value): Unsent {
  return { ...unsent, base: { ...unsent.base, [field]: theirs } }
}

/** Nothing of it is on its way: `taken` or `arrived` came first. */
export function rebase(unsent: Unsent, fresh: Ticket): Rebased {
  const kept = nothing()
  const conflicts: Rebased['conflicts'] = {}
  for (const [name, mine] of Object.entries(unsent.typed) as [TicketField, Value][]) {
    const theirs = fresh[name]
    if (theirs === asKept(name, mine)) continue
    kept.typed[name] = mine
    // a machine's filling never asks: who types knows better; nor does a name that went with the number, which is nobody's
    const byPerson = fresh.sources[name]?.by === 'agent'
    const clash = theirs !== unsent.base[name] && byPerson
    if (clash) conflicts[name] = theirs
    kept.base[name] = clash ? unsent.base[name] : theirs // a clash stays one, over reloads too, until it is settled
  }
  return { unsent: kept, conflicts }
}
