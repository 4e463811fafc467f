/** Which of the tickets that a search found are earlier cases of a caller. */
import type { TicketRow } from '@/kit/wire'

export const LISTED = 20
const DIGITS = /[^\d+]/g
const bare = (number: string) => number.replace(DIGITS, '')

/** The same number and no longer one: a search finds what begins with it too. Not the one on the desk, nor what was thrown away. */
export function earlierOf(found: readonly TicketRow[], number: string, besides: number | null): readonly TicketRow[] {
  return found.filter((row) => bare(row.customer_number) === bare(number) && row.id !== besides && row.state !== 'discarded')
}
