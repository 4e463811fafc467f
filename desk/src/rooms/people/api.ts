/** Who works here. */
import { request } from '@/kit/http'
import type { Person, Wire } from '@/kit/wire'

export const people = () => request<Person[]>('GET', 'people')
export const newPerson = (body: Wire<'PersonBody'>) => request<Wire<'PersonMade'>>('POST', 'people', body)
export const changePerson = (personId: number, body: Wire<'PersonPatch'>) => request<Wire<'Person'>>('PATCH', `people/${personId}`, body)
export const resetPassword = (personId: number) => request<Wire<'PersonMade'>>('POST', `people/${personId}/password`)
