/** The centre's working calendars: the law's days, and one edition of own days and hours, edited as a whole. */
import { request } from '@/kit/http'
import type { Wire } from '@/kit/wire'

export type Centre = Wire<'CentreCalendar'>
export type Own = Wire<'OwnDay'>
export type Week = Wire<'OwnWeek'>
export type Working = Wire<'WorkingCalendar'>
export const calendar = () => request<Centre>('GET', 'calendar')
export const change = (body: Wire<'CentreCalendarBody'>) => request<Centre>('PUT', 'calendar', body)
export const editions = () => request<Wire<'CalendarEdition'>[]>('GET', 'calendar/editions')
export const goBack = (number: number, to: number) => request<Centre>('POST', 'calendar/back', { number, to })
