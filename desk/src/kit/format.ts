/** How times, spans and numbers are written in the language shown now. */
import { language, t } from '@/words'
import { now } from './clock'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const two = (n: number) => String(n).padStart(2, '0')

/** A running clock: 02:47, 1:02:47. */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / SECOND))
  const rest = `${two(Math.floor((seconds % 3600) / 60))}:${two(seconds % 60)}`
  return seconds >= 3600 ? `${Math.floor(seconds / 3600)}:${rest}` : rest
}

/** A place in a recording: 0:14. */
export function position(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}

/** A span in words whose grain follows its size: 2 天, 3 小时, 52 分, 38 秒. */
export function span(ms: number): string {
  const abs = Math.max(0, ms)
  if (abs >= 2 * DAY) return t('time.days', { n: Math.floor(abs / DAY) })
  if (abs >= 2 * HOUR) return t('time.hours', { n: Math.floor(abs / HOUR) })
  if (abs >= 2 * MINUTE) return t('time.minutes', { n: Math.floor(abs / MINUTE) })
  return t('time.seconds', { n: Math.floor(abs / SECOND) })
}

/** 11-23 in Chinese, 23 Nov in English: never a form that the other half of the world reads as another day. */
function day(at: Date): string {
  if (language() === 'zh-CN') return `${two(at.getMonth() + 1)}-${two(at.getDate())}`
  return new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' }).format(at)
}

/** The same with its year. */
const dated = (at: Date) => (language() === 'zh-CN' ? `${at.getFullYear()}-${day(at)}` : `${day(at)} ${at.getFullYear()}`)

/** The day of '2026-11-23'; anything else as it is. */
export function dayOf(iso: string): string {
  const [, year, month, date] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(iso) ?? []
  return year && month && date ? dated(new Date(Number(year), Number(month) - 1, Number(date))) : iso
}

/** The day of a moment, with its year, in the browser's own time zone. */
export const fullDay = (iso: string) => dated(new Date(iso))

const hourMinute = (at: Date) => `${two(at.getHours())}:${two(at.getMinutes())}`

/** 11-23 14:02, with the year when it is not this one; in the browser's own time zone. */
export function moment(iso: string | null | undefined): string {
  if (!iso) return ''
  const at = new Date(iso)
  const thisYear = at.getFullYear() === new Date(now()).getFullYear()
  return `${thisYear ? day(at) : dated(at)} ${hourMinute(at)}`
}

/** 14:02:31. */
export function timeOfDay(iso: string | null | undefined): string {
  if (!iso) return ''
  const at = new Date(iso)
  return `${hourMinute(at)}:${two(at.getSeconds())}`
}

/** 2026-11-23 14:02:31, in English 23 Nov 2026 14:02:31: for tables that are evidence. */
export function stamp(iso: string | null | undefined): string {
  if (!iso) return ''
  return `${dated(new Date(iso))} ${timeOfDay(iso)}`
}

/**
 * A number as the server writes it, grouped for reading: a Chinese mobile 138 0013 8000, a fixed line with its area code
 * 010 8642 0135, 0512 6522 0078; other numbers in fours from the end, an extension named; never changed otherwise.
 */
export function grouped(number: string): string {
  const [line, extension] = number.split(' ext ')
  return line && extension ? `${digits(line)} ${t('number.extension', { n: extension })}` : digits(number)
}

function digits(number: string): string {
  if (/^1[3-9]\d{9}$/.test(number)) return `${number.slice(0, 3)} ${number.slice(3, 7)} ${number.slice(7)}`
  if (/^[48]00\d{7}$/.test(number)) return `${number.slice(0, 3)} ${number.slice(3, 6)} ${number.slice(6)}`
  const [, area, line] = /^(010|02\d|0[3-9]\d\d)(\d{7,8})$/.exec(number) ?? []
  if (area && line) return `${area} ${digits(line)}`
  if (!/^\d{7,}$/.test(number)) return number
  return number.replace(/\B(?=(\d{4})+$)/g, ' ')
}

/** Whether it is shown masked: it can be neither searched for nor copied. */
export const isMasked = (number: string) => number.includes('*')

export function percent(share: number): string {
  return new Intl.NumberFormat(language(), { style: 'percent', minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(share)
}

/** What a caller sends is text to be shown: without marks that turn it around, line ends or anything else unseen. */
export function printable(sent: string): string {
  return sent.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '')
}

/** A number that the server counts up to `limit` only: 12, 1,000+. */
export function counted(n: number, limit = Infinity): string {
  return `${new Intl.NumberFormat(language()).format(n)}${n >= limit ? '+' : ''}`
}
