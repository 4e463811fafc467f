/** The open cases, by what they wait for. */
import { query, request } from '@/kit/http'
import type { Wire } from '@/kit/wire'

export type Case = Wire<'OpenCase'>
export type Stage = Case['stage']
export type Figures = Wire<'StageFigures'>

/** In the order of a case's life. */
export const STAGES = ['draft', 'dispatch', 'review', 'rewrite', 'department', 'decide', 'returned', 'closing'] as const satisfies readonly Stage[]
export const MARKS = ['late', 'stuck', 'bouncing'] as const
export type Mark = (typeof MARKS)[number]

/** How many are shown; the figures say how many there are. */
export const SHOWN = 200

export const figures = (hours: number) => request<Figures[]>('GET', `open-case-figures${query({ hours })}`)
export const openCases = (filter: { stage?: Stage; mark?: Mark; hours: number }) => request<Case[]>('GET', `open-cases${query({ ...filter, limit: SHOWN })}`)
