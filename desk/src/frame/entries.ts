/** Where one may go. */
import type { Entry, Page, Room } from '@/kit/room'
import type { Right } from '@/kit/wire'
import { ROOMS } from '@/rooms'

export interface Way extends Entry {
  name: string
  to: string
}

const may = (page: Page, can: (...anyOf: Right[]) => boolean) => !page.rights || can(...page.rights)

/** Of the rooms those with a place in the navigation whose first page is open to whoever asks. */
export function entriesFor(can: (...anyOf: Right[]) => boolean, rooms: readonly Room[] = ROOMS): Way[] {
  return rooms.flatMap(({ name, entry, pages: [first] }) => (entry && may(first, can) ? [{ name, to: `/${first.path}`, ...entry }] : []))
}
