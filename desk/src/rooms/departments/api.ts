/** Departments and the dispatch catalogue: one edition, edited as a whole. */
import { request } from '@/kit/http'
import type { Wire } from '@/kit/wire'

export const change = (body: Wire<'DepartmentsBody'>) => request<Wire<'Departments'>>('PUT', 'departments', body)
export const editions = () => request<Wire<'DepartmentEdition'>[]>('GET', 'departments/editions')
export const goBack = (number: number, to: number) => request<Wire<'Departments'>>('POST', 'departments/back', { number, to })
