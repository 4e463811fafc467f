/** Who is logged in, how they have their lists, and what is masked for them. */
import { lastly, request } from './http'
import type { ChosenColumn, ListName, SavedView, Wire } from './wire'

export const login = (body: Wire<'LoginBody'>) => request<Wire<'Me'>>('POST', 'login', body)
export const logout = (stays: () => boolean) => lastly<void>('POST', 'logout', stays)
export const me = () => request<Wire<'Me'>>('GET', 'me')
export const changeMe = (body: Wire<'MeBody'>) => request<Wire<'Me'>>('PATCH', 'me', body)

/** One customer's data in clear; each time is audited. */
export const reveal = (body: Wire<'RevealBody'>) => request<Wire<'Revealed'>>('POST', 'reveals', body)

export const myLists = () => request<Wire<'MyLists'>>('GET', 'me/lists')
export const chooseColumns = (list: ListName, columns: ChosenColumn[]) => request<void>('PUT', `me/lists/${list}/columns`, { columns })
export const saveView = (list: ListName, body: Wire<'ViewBody'>) => request<SavedView>('POST', `me/lists/${list}/views`, body)
export const removeView = (view: number) => request<void>('DELETE', `me/views/${view}`)
export const restoreView = (view: number) => request<SavedView>('POST', `me/views/${view}/restore`)
