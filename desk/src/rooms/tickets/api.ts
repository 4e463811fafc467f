/** Tickets and their history. */
import { query, Refused, request } from '@/kit/http'
import type { Level, Wire } from '@/kit/wire'

const JOURNAL_PAGE = 40

/** Every order there is, the usual one first. */
export const TICKET_SORTS = ['-received', 'received', '-number', 'number'] as const
export type TicketSort = (typeof TICKET_SORTS)[number]
/** The usual one first. */
export const SEVERITIES = ['ordinary', 'serious', 'major'] as const
export const CHANNELS = ['telephone', 'letter', 'fax', 'email', 'text', 'walk_in', 'message', 'appeal'] as const
export interface TicketFilter {
  state?: string
  owner?: 'me'
  severity?: (typeof SEVERITIES)[number]
  channel?: (typeof CHANNELS)[number]
  q?: string
  limit?: number
  after?: string
  sort?: TicketSort
}
export const tickets = (filter: TicketFilter, letGo?: AbortSignal) => request<Wire<'TicketPage'>>('GET', `tickets${query({ ...filter })}`, undefined, letGo)
export const newTicket = (body: Wire<'TicketNew'>) => request<Wire<'Ticket'>>('POST', 'tickets', body)
export const ticket = (ticketId: number, letGo?: AbortSignal) => request<Wire<'Ticket'>>('GET', `tickets/${ticketId}`, undefined, letGo)
export const patchTicket = (ticketId: number, body: Wire<'TicketPatch'>) => request<Wire<'Ticket'>>('PATCH', `tickets/${ticketId}`, body)
/** A step that can be taken with several tickets at once, for it can be undone. */
export type BulkStep = Wire<'StepsBody'>['action']
export type SeenTicket = Wire<'SeenTicket'>
const MOST_AT_ONCE = 200
/** One answer for each, in their order; those that the server gave none for may be done or not. */
export async function stepEach(action: BulkStep, tickets: readonly SeenTicket[]): Promise<Wire<'StepTaken'>[]> {
  const taken: Wire<'StepTaken'>[] = []
  for (let at = 0; at < tickets.length; at += MOST_AT_ONCE) {
    const some = tickets.slice(at, at + MOST_AT_ONCE)
    try {
      taken.push(...(await request<Wire<'StepTaken'>[]>('POST', 'ticket-steps', { action, tickets: some })))
    } catch (error) {
      const problem = error instanceof Refused ? error.problem.code : 'unreachable'
      taken.push(...some.map(({ id }) => ({ id, version: null, problem })))
    }
  }
  return taken
}
export type TicketAction = 'confirm' | 'discard' | 'restore' | 'close' | 'acknowledge' | 'not-accept' | 'accept'
/** Those that ask for few words. */
export type NoteStep = Extract<TicketAction, 'discard' | 'acknowledge' | 'not-accept'>
export type RepeatVerdict = Wire<'JudgeBody'>['verdict']
/** Earlier cases that it is likely to repeat, the likeliest first; then those of which a person said something. */
export const repeats = (ticketId: number) => request<Wire<'Repeat'>[]>('GET', `tickets/${ticketId}/repeats`)
export const judge = (ticketId: number, body: Wire<'JudgeBody'>) => request<Wire<'Ticket'>>('POST', `tickets/${ticketId}/repeats`, body)
/** What a step with the form asks for besides the version: its note, what closes the case, how the customer was told. */
export type Asked = Partial<Pick<Wire<'CloseBody'>, 'note' | 'closing'> & Pick<Wire<'AcknowledgeBody'>, 'how'>>
export const progress = (ticketId: number) => request<Wire<'Progress'>>('GET', `tickets/${ticketId}/progress`)
/** What changes who has it. */
export type HandStep = 'take' | 'hand_over' | 'escalate' | 'suggest' | 'give_back'
/** What a step says besides the version. */
export type Said = Asked | Pick<Wire<'VersionBody'>, 'note'> | Pick<Wire<'ReasonBody'>, 'reason'> | Pick<Wire<'EscalateBody'>, 'reason' | 'triggers'>
export const actOnTicket = (ticketId: number, action: TicketAction | HandStep, version: number, said: Said) =>
  request<Wire<'Ticket'>>('POST', `tickets/${ticketId}/${action.replace('_', '-')}`, { version, ...said })
/** The trays from which one may take. */
export const trays = () => request<Wire<'TrayCounts'>[]>('GET', 'trays')
export const tray = (level: Level, which: 'tray' | 'mine' | 'others') => request<Wire<'TrayRow'>[]>('GET', `trays/${level}${query({ which })}`)
/** The whole of it; the server gives a page at a time, for one row may be long. */
export async function journal(ticketId: number): Promise<Wire<'JournalRow'>[]> {
  const rows: Wire<'JournalRow'>[] = []
  let page: Wire<'JournalRow'>[]
  do {
    page = await request('GET', `tickets/${ticketId}/journal?limit=${JOURNAL_PAGE}&after=${rows.at(-1)?.seq ?? 0}`)
    rows.push(...page)
  } while (page.length === JOURNAL_PAGE)
  return rows
}
