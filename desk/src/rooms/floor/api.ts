/** Own state. */
import { request } from '@/kit/http'
import type { Wire } from '@/kit/wire'

export const wantState = (body: Wire<'WantedStateBody'>) => request<Wire<'Board'>>('PUT', 'me/state', body)
