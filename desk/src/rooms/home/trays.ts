/** Where a tray's things are to be found, how a row of it reads, and which of all is next. Pure. */
import { grouped, moment } from '@/kit/format'
import type { Wire } from '@/kit/wire'
import { either, found, t } from '@/words'

export type Home = Wire<'Home'>
export type Tray = Wire<'HomeTray'>
export type Row = Wire<'HomeRow'>
type Way = string | { name: string; query: Record<string, string> }

/** So far the server counts. */
export const MOST = 100

/** Of every tray the row whose clock ends first, urgent ones before the others; null: no clock runs. */
export function next(trays: readonly Tray[]): { tray: Tray; row: Row } | null {
  const all = trays.flatMap((tray) => tray.rows.filter((row) => row.deadline).map((row) => ({ tray, row })))
  const end = (row: Row) => Date.parse(row.deadline?.ends_at ?? '')
  return all.sort((one, other) => Number(other.row.urgent) - Number(one.row.urgent) || end(one.row) - end(other.row))[0] ?? null
}

/** Where this one is worked on. */
export function wayTo(tray: Tray['tray'], row: Row): Way {
  if (tray === 'calls') return { name: 'call', query: { id: row.id } }
  if (tray === 'orders') return '/orders'
  if (tray === 'reviews') return { name: 'reviews', query: { paper: row.id } }
  return `/tickets/${row.ticket_id}`
}

const ROOMS: Partial<Record<Tray['tray'], Way>> = {
  to_manager: '/trays/hotline',
  to_data: '/trays/suggestions',
  to_senior: '/trays/seniors',
  to_junior: '/trays/juniors',
  reviews: '/reviews',
  orders: '/orders',
  calls: '/calls',
  drafts: { name: 'tickets', query: { view: 'draft' } },
  nobodys: { name: 'tickets', query: { view: 'draft' } },
}

/** Where all of a tray are; null: on the cases' own pages only. */
export const roomOf = (tray: Tray['tray']): Way | null => ROOMS[tray] ?? null

export function nameOf(row: Row): string {
  const who = row.customer_name || (row.customer_number ? grouped(row.customer_number) : row.department || row.number ? '' : t('pop.withheld'))
  return [row.number, who].filter(Boolean).join(' · ') || t('pop.withheld')
}

/** What stands under the name: of what it is about, from whom, since when. */
export function besides(tray: Tray['tray'], row: Row): string {
  const what = tray === 'reviews' || tray === 'sent_back' ? found(`orderVerb.${row.said}`) : tray === 'orders' ? found(`orderState.${row.said}`) : ''
  const where = tray === 'orders' || !row.department ? '' : either(row.department)
  return [what, where, row.author, t('home.since', { at: moment(row.since) })].filter(Boolean).join(' · ')
}
