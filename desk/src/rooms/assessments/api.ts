/** How each person's papers came out in the second review. */
import { MOST_BEHIND } from '@/kit/behind'
import { query, request } from '@/kit/http'
import type { Wire } from '@/kit/wire'

export type Paper = Wire<'AssessedPaper'>
export const FIGURES = ['reviewed', 'right', 'sent_back', 'late', 'wrong_class', 'wrong_sent'] as const
export type Figure = (typeof FIGURES)[number]
export interface Span {
  from?: string
  to?: string
}
export const assessments = (span: Span) => request<Wire<'Assessments'>>('GET', `assessments${query({ ...span })}`)
export const papers = (author: number, figure: Figure, span: Span) => request<Paper[]>('GET', `assessments/${author}${query({ ...span, figure, limit: MOST_BEHIND })}`)
