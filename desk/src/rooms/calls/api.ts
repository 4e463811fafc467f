/** Calls and their sound. */
import { query, request } from '@/kit/http'
import type { Wire } from '@/kit/wire'

const id = encodeURIComponent

/** Every order there is, the usual one first. */
export const CALL_SORTS = ['-started', 'started', '-waited', 'waited', '-talked', 'talked'] as const
export type CallSort = (typeof CALL_SORTS)[number]
export interface CallFilter {
  limit?: number
  after?: string
  sort?: CallSort
  number?: string
  outcome?: string
  direction?: string
  from?: string
  to?: string
}
export const calls = (filter: CallFilter, letGo?: AbortSignal) => request<Wire<'CallPage'>>('GET', `calls${query({ ...filter })}`, undefined, letGo)
export const call = (callId: string, letGo?: AbortSignal) => request<Wire<'CallDetail'>>('GET', `calls/${id(callId)}`, undefined, letGo)
export const audioUrl = (callId: string) => `/api/calls/${id(callId)}/audio?side=both`
