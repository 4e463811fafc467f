/** What each role may do, as the program decides it. */
import { request } from '@/kit/http'
import type { Wire } from '@/kit/wire'

export const policy = () => request<Wire<'Policy'>>('GET', 'policy')
