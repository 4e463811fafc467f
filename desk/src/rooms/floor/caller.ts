/** Who is behind the ticket on the desk, where no card of the ring is left: a reload forgets cards, the record does not. Pure. */
import type { CallDetail, KnownCustomer, PopCard, Ticket } from '@/kit/wire'

export interface Caller {
  name: string
  number: string
  customer: KnownCustomer | null
  /** When they called; null for a ticket that no call began. */
  calledAt: string | null
}

/** The card beside a ticket. In a call it is that call's or nobody's: another ticket's caller is not who one talks with. */
export function cardBeside(cards: Readonly<Record<string, PopCard>>, ticketCall: string | null, onCall: boolean, call: string | null): PopCard | null {
  if (!ticketCall || (onCall && ticketCall !== call)) return null
  return cards[ticketCall] ?? null
}

/** The ticket's own words first, which somebody may have put right; then the call's. Null where nothing is known of anybody. */
export function callerOf(ticket: Pick<Ticket, 'call_id' | 'customer_name' | 'customer_number'>, detail: CallDetail | null): Caller | null {
  const call = detail && detail.call.id === ticket.call_id ? detail.call : null
  const name = ticket.customer_name || call?.customer?.name || call?.name_sent || ''
  const number = ticket.customer_number || call?.number || ''
  if (!ticket.call_id && !name && !number) return null
  return { name, number, customer: call?.customer ?? null, calledAt: call?.started_at ?? null }
}
