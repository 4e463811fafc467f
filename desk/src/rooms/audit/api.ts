/** Who did what. */
import { query, request } from '@/kit/http'
import type { Wire } from '@/kit/wire'

/** Every order there is, the usual one first. */
export const AUDIT_SORTS = ['-at', 'at', '-action', 'action', '-object', 'object'] as const
export type AuditSort = (typeof AUDIT_SORTS)[number]
export const audit = (filter: { after?: string; limit?: number; sort?: AuditSort }) => request<Wire<'AuditPage'>>('GET', `audit${query(filter)}`)
