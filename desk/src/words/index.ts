/**
 * One catalogue, both languages side by side: `[中文, English]`. A key without its pair does not compile; a key nobody asks
 * for, an empty text, and placeholders that differ between the two are found by tests/words.test.ts.
 */
import { createI18n } from 'vue-i18n'
import { frame } from '@/frame/words'
import type { Language } from '@/kit/wire'
import { kit } from '@/kit/words'
import { account } from '@/rooms/account/words'
import { assessments } from '@/rooms/assessments/words'
import { audit } from '@/rooms/audit/words'
import { calendar } from '@/rooms/calendar/words'
import { calls } from '@/rooms/calls/words'
import { cases } from '@/rooms/cases/words'
import { classes } from '@/rooms/classes/words'
import { customers } from '@/rooms/customers/words'
import { departments } from '@/rooms/departments/words'
import { floor } from '@/rooms/floor/words'
import { home } from '@/rooms/home/words'
import { hotline } from '@/rooms/hotline/words'
import { inbox } from '@/rooms/inbox/words'
import { orders } from '@/rooms/orders/words'
import { people } from '@/rooms/people/words'
import { phrases } from '@/rooms/phrases/words'
import { policy } from '@/rooms/policy/words'
import { results } from '@/rooms/results/words'
import { system } from '@/rooms/system/words'
import { tickets } from '@/rooms/tickets/words'
import { telephone } from '@/telephone/words'

export type Pair = readonly [zh: string, en: string]
export type Catalogue = { readonly [key: string]: Pair | Catalogue }
type Texts = { [key: string]: string | Texts }

/** Each room's own, and what they share. A section stands in one of them only. */
export const PARTS = [kit, frame, telephone, account, assessments, audit, calendar, calls, cases, classes, customers, departments, floor, home, hotline, inbox, orders, people, phrases, policy, results, system, tickets] as const
export const catalogue = { ...kit, ...frame, ...telephone, ...account, ...assessments, ...audit, ...calendar, ...calls, ...cases, ...classes, ...customers, ...departments, ...floor, ...home, ...hotline, ...inbox, ...orders, ...people, ...phrases, ...policy, ...results, ...system, ...tickets }

type Keys<C> = { [K in keyof C & string]: C[K] extends Pair ? K : `${K}.${Keys<C[K]>}` }[keyof C & string]
export type Key = Keys<typeof catalogue>

function isPair(value: Pair | Catalogue): value is Pair {
  return Array.isArray(value)
}

export function texts(from: Catalogue, side: 0 | 1): Texts {
  return Object.fromEntries(Object.entries(from).map(([key, value]) => [key, isPair(value) ? value[side] : texts(value, side)]))
}

export const i18n = createI18n({
  legacy: false,
  locale: 'zh-CN' as Language,
  fallbackLocale: false,
  messages: { 'zh-CN': texts(catalogue, 0), en: texts(catalogue, 1) } as Record<Language, Texts>,
})

/** The text in the language shown now; reactive wherever it is used in a template. */
export function t(key: Key, values: Record<string, unknown> = {}): string {
  return i18n.global.t(key, values)
}

/** `t` for keys that are put together from the wire (an error's code): undefined when the catalogue has no such text. */
export function found(key: string, values: Record<string, unknown> = {}): string | undefined {
  return i18n.global.te(key) ? i18n.global.t(key, values) : undefined
}

export function language(): Language {
  return i18n.global.locale.value as Language
}

export function speak(wanted: Language): void {
  i18n.global.locale.value = wanted
  document.documentElement.lang = wanted
}

/** The side of a pair that the server keeps in both languages. */
export function either(row: { zh: string; en: string }): string {
  return language() === 'zh-CN' ? row.zh : row.en
}
