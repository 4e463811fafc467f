/** One's own account. */
import { request } from '@/kit/http'
import type { Wire } from '@/kit/wire'

export const changePassword = (body: Wire<'PasswordBody'>) => request<unknown>('POST', 'me/password', body)
