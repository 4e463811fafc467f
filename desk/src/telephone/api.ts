/** The page's telephone. */
import { request } from '@/kit/http'
import type { Wire } from '@/kit/wire'

export const phone = () => request<Wire<'Phone'>>('GET', 'phone')
