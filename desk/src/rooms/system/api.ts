/** How the house is, and what was set aside. */
import { request } from '@/kit/http'
import type { Wire } from '@/kit/wire'

export const system = () => request<Wire<'System'>>('GET', 'system')
export const aside = () => request<Wire<'Aside'>>('GET', 'system/aside')
export const retryAside = (body: Wire<'RetryBody'>) => request<Wire<'Retried'>>('POST', 'system/aside/retry', body)
