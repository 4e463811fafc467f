/** Who is logged in. */
import { lastly, request } from './http'
import type { Wire } from './wire'

export const login = (body: Wire<'LoginBody'>) => request<Wire<'Me'>>('POST', 'login', body)
export const logout = () => lastly<void>('POST', 'logout')
export const me = () => request<Wire<'Me'>>('GET', 'me')
export const changeMe = (body: Wire<'MeBody'>) => request<Wire<'Me'>>('PATCH', 'me', body)
