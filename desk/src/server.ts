/** Every route the desk uses, by name. */
import { query, request, upload } from './http'
import type { Customer, Person, Wire } from './wire'

const id = encodeURIComponent
const JOURNAL_PAGE = 40

export const login = (body: Wire<'LoginBody'>) => request<Wire<'Me'>>('POST', 'login', body)
export const logout = () => request<void>('POST', 'logout')
export const me = () => request<Wire<'Me'>>('GET', 'me')
export const changeMe = (body: Wire<'MeBody'>) => request<Wire<'Me'>>('PATCH', 'me', body)
export const changePassword = (body: Wire<'PasswordBody'>) => request<unknown>('POST', 'me/password', body)
export const wantState = (body: Wire<'WantedStateBody'>) => request<Wire<'Board'>>('PUT', 'me/state', body)
export const phone = () => request<Wire<'Phone'>>('GET', 'phone')
export const system = () => request<Wire<'System'>>('GET', 'system')
export const aside = () => request<Wire<'Aside'>>('GET', 'system/aside')
export const retryAside = (body: Wire<'RetryBody'>) => request<Wire<'Retried'>>('POST', 'system/aside/retry', body)

export interface CallFilter {
  limit?: number
  after?: string
  number?: string
  outcome?: string
  from?: string
  to?: string
}
export const calls = (filter: CallFilter) => request<Wire<'CallPage'>>('GET', `calls${query({ ...filter })}`)
export const call = (callId: string) => request<Wire<'CallDetail'>>('GET', `calls/${id(callId)}`)
export const audioUrl = (callId: string) => `/api/calls/${id(callId)}/audio?side=both`

export interface TicketFilter {
  state?: string
  owner?: 'me'
  q?: string
  limit?: number
  after?: string
}
export const tickets = (filter: TicketFilter) => request<Wire<'TicketPage'>>('GET', `tickets${query({ ...filter })}`)
export const newTicket = (body: Wire<'TicketNew'>) => request<Wire<'Ticket'>>('POST', 'tickets', body)
export const ticket = (ticketId: number) => request<Wire<'Ticket'>>('GET', `tickets/${ticketId}`)
export const patchTicket = (ticketId: number, body: Wire<'TicketPatch'>) => request<Wire<'Ticket'>>('PATCH', `tickets/${ticketId}`, body)
export type TicketAction = 'confirm' | 'discard' | 'restore' | 'close'
export const actOnTicket = (ticketId: number, action: TicketAction, body: Wire<'VersionBody'>) =>
  request<Wire<'Ticket'>>('POST', `tickets/${ticketId}/${action}`, body)
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

export const lexicon = () => request<Wire<'Lexicon'>>('GET', 'lexicon')
export const changeLexicon = (body: Wire<'Lexicon'>) => request<Wire<'Lexicon'>>('PUT', 'lexicon', body)

export const customers = (filter: { q?: string; limit?: number; after?: number }) => request<Customer[]>('GET', `customers${query(filter)}`)
export const newCustomer = (body: Wire<'CustomerBody'>) => request<Wire<'Customer'>>('POST', 'customers', body)
export const changeCustomer = (customerId: number, body: Wire<'CustomerBody'>) =>
  request<Wire<'Customer'>>('PUT', `customers/${customerId}`, body)
type Import = Wire<'Import'>
export const uploadCustomers = (file: File, sent: (share: number) => void) => upload<Import>(`customer-imports${query({ name: file.name.slice(-80) })}`, file, sent)
export const ownImports = () => request<Import[]>('GET', 'customer-imports')
export const callOffImport = (importId: string) => request<void>('DELETE', `customer-imports/${id(importId)}`)
export const customerImport = (importId: string) => request<Import>('GET', `customer-imports/${id(importId)}`)
export const lookAtImport = (importId: string, body: Wire<'ImportLayout'>) => request<Import>('POST', `customer-imports/${id(importId)}/look`, body)
export const startImport = (importId: string, body: Wire<'ImportStart'>) => request<Import>('POST', `customer-imports/${id(importId)}/start`, body)
export const importReportUrl = (importId: string) => `/api/customer-imports/${id(importId)}/report`

export const people = () => request<Person[]>('GET', 'people')
export const newPerson = (body: Wire<'PersonBody'>) => request<Wire<'PersonMade'>>('POST', 'people', body)
export const changePerson = (personId: number, body: Wire<'PersonPatch'>) => request<Wire<'Person'>>('PATCH', `people/${personId}`, body)
export const resetPassword = (personId: number) => request<Wire<'PersonMade'>>('POST', `people/${personId}/password`)
export const audit = (filter: { after?: string; limit?: number }) => request<Wire<'AuditPage'>>('GET', `audit${query(filter)}`)
