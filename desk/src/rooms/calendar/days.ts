/** What each day of a year is in one calendar: the centre's own word goes first, then the configuration's, then the law's. */
import type { Centre, Own, Week, Working } from './api'

/** Whose word it is: `week`, the plain weekday. */
export type Source = 'own' | 'written' | 'law' | 'week'
export type Day = { day: string; at: number; weekday: number; working: boolean; source: Source; moved: boolean; zh: string; en: string; reason: string }

const DAY_MS = 86_400_000
const iso = (ms: number) => new Date(ms).toISOString().slice(0, 10)
/** 0 is Monday, as on the wire. */
const weekday = (ms: number) => (new Date(ms).getUTCDay() + 6) % 7

export const hoursOf = (calendar: Working, weeks: readonly Week[]): readonly (readonly string[])[] => weeks.find((one) => one.calendar === calendar.name)?.hours ?? calendar.hours

/** `moved`: it is at work although its weekday is not (调休, 补班). */
export function year(of: number, calendar: Working, centre: Pick<Centre, 'law'>, own: readonly Own[], weeks: readonly Week[]): Day[] {
  const mine = new Map(own.map((one) => [one.day, one]))
  const written = new Map(calendar.days.map((one) => [one.day, one]))
  const law = new Map(calendar.law ? centre.law.map((one) => [one.day, one]) : [])
  const hours = hoursOf(calendar, weeks)
  const days: Day[] = []
  for (let ms = Date.UTC(of, 0, 1), at = 0; ms < Date.UTC(of + 1, 0, 1); ms += DAY_MS, at += 1) {
    const day = iso(ms)
    const plain = (hours[weekday(ms)] ?? []).length > 0
    const says = mine.get(day) ?? written.get(day) ?? law.get(day)
    const working = says ? says.counts === 'working' : plain
    const source = mine.has(day) ? 'own' : written.has(day) ? 'written' : law.has(day) ? 'law' : 'week'
    const named = law.get(day)
    days.push({ day, at, weekday: weekday(ms), working, source, moved: working && !plain, zh: named?.zh ?? '', en: named?.en ?? '', reason: mine.get(day)?.reason ?? '' })
  }
  return days
}

/** The months of a year, each with its days and how many places of the first week are empty. */
export function months(days: readonly Day[]): { month: number; before: number; days: Day[] }[] {
  return Array.from({ length: 12 }, (_, month) => {
    const own = days.filter((one) => Number(one.day.slice(5, 7)) === month + 1)
    return { month, before: own[0]?.weekday ?? 0, days: own }
  })
}
