/** What rang for oneself. */
import { query, request } from '@/kit/http'
import type { Wire } from '@/kit/wire'

export type Notice = Wire<'Notice'>

export const inbox = (after?: number | null) => request<Wire<'InboxPage'>>('GET', `inbox${query({ after })}`)
export const mark = (notice: number, read: boolean) => request<void>('PUT', `inbox/${notice}`, { read })
export const markAll = (upto: number) => request<Wire<'InboxMarked'>>('POST', 'inbox-read', { upto })
export const unmark = (at: string) => request<Wire<'InboxMarked'>>('POST', 'inbox-unread', { at })
