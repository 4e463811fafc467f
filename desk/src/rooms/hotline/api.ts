/** What the manager hotline decided about a case, and its whole story. */
import { request } from '@/kit/http'
import type { Wire } from '@/kit/wire'

export type Decisions = Wire<'Decisions'>
export type Decision = Wire<'Decision'>
export type StoryRow = Wire<'StoryRow'>
export const decisions = (ticketId: number) => request<Decisions>('GET', `tickets/${ticketId}/decisions`)
export const story = (ticketId: number) => request<Wire<'Story'>>('GET', `tickets/${ticketId}/story`)
const decide = (ticketId: number, what: string, body: object) => request<Decisions>('POST', `tickets/${ticketId}/${what}`, body)
export const overrule = (ticketId: number, body: Wire<'OverruleBody'>) => decide(ticketId, 'overrule', body)
export const order = (ticketId: number, body: Wire<'HotlineOrderBody'>) => decide(ticketId, 'hotline-order', body)
export const compensate = (ticketId: number, body: Wire<'CompensationBody'>) => decide(ticketId, 'compensation', body)
export const answer = (ticketId: number, body: Wire<'CompensationAnswer'>) => decide(ticketId, 'compensation/answer', body)
export const conclude = (ticketId: number, body: Wire<'ConcludeBody'>) => decide(ticketId, 'conclude', body)
export const reopen = (ticketId: number, body: Wire<'ReasonBody'>) => decide(ticketId, 'reopen', body)
