/** What waits for the reader. */
import { request } from '@/kit/http'
import type { Wire } from '@/kit/wire'

export const home = () => request<Wire<'Home'>>('GET', 'me/home')
