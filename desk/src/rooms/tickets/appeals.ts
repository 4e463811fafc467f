/** Supplementary appeals (SPEC A5): what a customer adds to a case. */
import { request } from '@/kit/http'
import type { Wire } from '@/kit/wire'

export type Appeal = Wire<'Appeal'>
export type AppealMade = Wire<'AppealMade'>
export type AppealStep = Appeal['may'][number]
export const appealsOf = (ticketId: number) => request<Appeal[]>('GET', `tickets/${ticketId}/appeals`)
export const add = (ticketId: number, body: Wire<'AppealNew'>) => request<AppealMade>('POST', `tickets/${ticketId}/appeals`, body)
export const answer = (appealId: number, body: Wire<'AppealAnswer'>) => request<AppealMade>('POST', `appeals/${appealId}/answer`, body)
export const drop = (appealId: number, body: Wire<'AppealReason'>) => request<AppealMade>('POST', `appeals/${appealId}/drop`, body)
export const chase = (appealId: number, body: Wire<'AppealChase'>) => request<AppealMade>('POST', `appeals/${appealId}/chase`, body)
export const withdraw = (appealId: number, body: Wire<'AppealWithdraw'>) => request<AppealMade>('POST', `appeals/${appealId}/withdraw`, body)
