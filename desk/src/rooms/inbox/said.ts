/** A notice in the reader's words, where it leads, and the day it is under. Pure but for the language. */
import { dayOf, moment } from '@/kit/format'
import { either, found, t } from '@/words'
import type { Notice } from './api'

export function sentence(notice: Notice): string {
  return t(`notice.${notice.code}`, {
    ticket: notice.ticket ?? t('inbox.draft'),
    order: notice.order ?? '',
    department: notice.department ? either(notice.department) : '',
    level: found(`level.${notice.details.level}`) ?? '',
    decision: found(`decision.${notice.details.decision}`) ?? '',
    amount: notice.details.amount ?? '',
    clock: found(`due.${notice.details.rule ?? ''}`) ?? notice.details.rule ?? '',
  })
}

/** What stands under it: who did it, until when, why. */
export function beside(notice: Notice): string {
  const until = notice.details.until
  return [notice.by ?? t('inbox.system'), until ? t('inbox.until', { at: moment(until) }) : '', notice.details.reason ?? ''].filter(Boolean).join(' · ')
}

/** A department has its orders on a page of theirs; the centre has them with their case. */
export const leadsTo = (notice: Notice, isDepartment: boolean): string => (isDepartment ? '/orders' : `/tickets/${notice.ticket_id}`)

export interface Day {
  key: string
  text: string
  notices: Notice[]
}

const two = (n: number) => String(n).padStart(2, '0')
const keyOf = (at: Date) => `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`

/** By the days of the reader's own calendar, as they come: the newest first. */
export function byDay(notices: readonly Notice[], now: number): Day[] {
  const today = new Date(now)
  const yesterday = new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1)
  const days: Day[] = []
  for (const notice of notices) {
    const key = keyOf(new Date(notice.at))
    const text = key === keyOf(today) ? t('inbox.today') : key === keyOf(yesterday) ? t('inbox.yesterday') : dayOf(key)
    if (days.at(-1)?.key !== key) days.push({ key, text, notices: [] })
    days.at(-1)?.notices.push(notice)
  }
  return days
}

/** 99+ for whoever has more than anybody counts. */
export const unreadCount = (unread: number): string => (unread > 99 ? '99+' : String(unread))
