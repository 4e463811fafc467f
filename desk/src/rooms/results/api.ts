/** What the departments' orders came to. */
import { MOST_BEHIND } from '@/kit/behind'
import { query, request } from '@/kit/http'
import type { Wire } from '@/kit/wire'

export type Department = Wire<'DepartmentFigures'>
export type OrderBehind = Wire<'OrderBehind'>
export const FIGURES = ['dispatched', 'returned', 'in_time', 'late', 'done', 'first_right', 'refused', 'warned'] as const
export type Figure = (typeof FIGURES)[number]
export interface Span {
  from?: string
  to?: string
}
export const figures = (span: Span) => request<Wire<'DepartmentsFigures'>>('GET', `department-figures${query({ ...span })}`)
export const orders = (department: number, figure: Figure, span: Span) => request<OrderBehind[]>('GET', `department-figures/${department}${query({ ...span, figure, limit: MOST_BEHIND })}`)
