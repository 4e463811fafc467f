/** A draft that goes into an earlier case (SPEC A5), once, also when its answer was lost. */
import { shallowRef } from 'vue'
import { Refused } from '@/kit/http'
import { newKey } from '@/kit/key'
import type { Ticket, TicketRow } from '@/kit/wire'
import { add, type AppealMade } from '@/rooms/tickets/appeals'

/** As it was first sent: the server knows it by its key, and the draft has another version once it was taken. */
interface Join {
  row: TicketRow
  text: string
  draft: Ticket
  key: string
}

export interface Joined {
  row: TicketRow
  draft: Ticket
  made: AppealMade
}

export function useJoin() {
  /** Sent, and nobody knows whether it was taken. */
  const begun = shallowRef<Join | null>(null)
  const last = shallowRef<Joined | null>(null)

  async function send(row: TicketRow, text: string, draft: Ticket): Promise<Joined> {
    const was = begun.value
    const isAgain = was !== null && was.row.id === row.id && was.draft.id === draft.id && was.text === text
    begun.value = isAgain ? was : { row, text, draft, key: newKey() }
    return again(begun.value)
  }

  async function again(join: Join): Promise<Joined> {
    const { row, text, draft, key } = join
    try {
      const made = await add(row.id, { key, text, draft: { id: draft.id, version: draft.version } })
      begun.value = null
      return (last.value = { row, draft, made })
    } catch (error) {
      if (error instanceof Refused && error.status < 500) begun.value = null
      throw error
    }
  }

  return { begun, last, send, again }
}

/** What was joined is taken back beside its case or its draft, and beside no other caller's. */
export const isAbout = (last: Joined, shown: Ticket | null): boolean => shown !== null && [last.row.id, last.draft.id].includes(shown.id)
