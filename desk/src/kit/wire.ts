/** The wire's types by their names on the server. All of them are generated; none is written by hand. */
import type { components } from '@/api'

type Schemas = components['schemas']
export type Wire<Name extends keyof Schemas> = Schemas[Name]

export type Me = Wire<'Me'>
export type Role = Wire<'Role'>
export type Right = Wire<'Right'>
export type Board = Wire<'Board'>
export type QueueFigures = Wire<'QueueFigures'>
export type AgentNow = Wire<'AgentNow'>
export type AgentState = AgentNow['state']
export type Problem = Wire<'Problem'>
export type FieldProblem = Wire<'FieldProblem'>
export type Phone = Wire<'Phone'>
export type PopCard = Wire<'PopCard'>
export type CallMessage = Wire<'CallMessage'>
export type DraftMessage = Wire<'DraftMessage'>
export type ChangedThing = Wire<'ChangedThing'>
export type Kind = Wire<'Kind'>
export type HandsetMessage = Wire<'HandsetMessage'>
export type ServerMessage = Wire<'ServerMessage'>
export type ClientMessage = Wire<'ClientMessage'>
export type Customer = Wire<'Customer'>
export type KnownCustomer = Wire<'KnownCustomer'>
export type CustomerPage = Wire<'CustomerPage'>
export type Tier = KnownCustomer['tier']
export type CallRow = Wire<'CallRow'>
export type CallDetail = Wire<'CallDetail'>
export type Recording = Wire<'Recording'>
export type Transcript = Wire<'Transcript'>
export type Utterance = Wire<'Utterance'>
export type Evidence = Wire<'Evidence'>
export type Source = Wire<'Source'>
export type Ticket = Wire<'Ticket'>
/** What a person can do with a ticket. */
export type Step = Ticket['may'][number]
export type Level = Ticket['level']
export type TrayRow = Wire<'TrayRow'>
export type TicketRow = Wire<'TicketRow'>
export type TicketFields = Wire<'TicketFields'>
export type TicketField = keyof TicketFields & keyof Ticket
export type Order = Wire<'Order'>
export type OrderPaper = Wire<'OrderPaper'>
export type JournalRow = Wire<'JournalRow'>
export type Lexicon = Wire<'Lexicon'>
export type Category = Wire<'Category'>
export type CategoryList = Category['list']
export type Person = Wire<'Person'>
export type System = Wire<'System'>
export type Aside = Wire<'Aside'>
export type AsideItem = Wire<'AsideItem'>
export type AuditRow = Wire<'AuditRow'>
export type Language = Me['language']
export type SavedView = Wire<'View'>
export type ListName = SavedView['list']
export type ChosenColumn = Wire<'Column'>
