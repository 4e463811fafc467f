/** Who did what. */
import { query, request } from '@/kit/http'
import type { Wire } from '@/kit/wire'

export const audit = (filter: { after?: string; limit?: number }) => request<Wire<'AuditPage'>>('GET', `audit${query(filter)}`)
