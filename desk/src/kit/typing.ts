/**
 * What is typed into a dialog's form and not sent yet. It is kept in this browser, for the person who types it and for the one thing
 * and step that the dialog is about: Esc, the cross, a reload or the end of a session throws nothing away. The same dialog takes it up
 * again and says so, until it is sent or thrown away.
 */
import { inject, onScopeDispose, provide, shallowRef, watch, type InjectionKey, type Ref } from 'vue'
import { now } from './clock'
import { forget, keep, kept, keptKeys } from './kept'
import { useSession } from './session'

/** What a form asks for, by name: texts, numbers (NaN: none), marks, several of something. */
export type Asked = Record<string, Ref<unknown>>
type Values = Record<string, unknown>

interface Kept {
  typed: Values
  /** What stood there when the dialog was opened. */
  begun: Values
  at: number
}

/** `newer`: what stands there by now in the place of what was typed over. */
export interface TakenUp {
  newer: string[]
  drop: () => void
}

export interface Held {
  heard: () => void
  sent: () => void
}

/** Forms that one person has begun and left in this browser; the oldest goes. */
const MOST = 50
const startOf = (person: number) => `typing.${person}.`
const TYPING: InjectionKey<(asked: Asked) => Held | null> = Symbol('typing')

const copied = (value: unknown): unknown => (Array.isArray(value) ? [...(value as unknown[])] : value)
const valuesOf = (asked: Asked): Values => Object.fromEntries(Object.entries(asked).map(([name, entry]) => [name, copied(entry.value)]))
const same = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other)
const only = (values: Values, names: readonly string[]): Values => Object.fromEntries(names.map((name) => [name, values[name]]))

function dropOldest(start: string): void {
  const keys = keptKeys(start)
  const at = (key: string) => kept<Partial<Kept>>(key, {}).at ?? 0
  if (keys.length > MOST) [...keys].sort((one, other) => at(one) - at(other)).slice(0, keys.length - MOST).forEach((key) => forget(key))
}

/**
 * Keeps a form under this key for as long as the scope lives, and takes up at once what was kept there. `isTheirs`: whoever typed it
 * still sits here.
 */
export function holdTyping(start: string, name: string, asked: Asked, isTheirs: () => boolean): Held & { taken: TakenUp | null } {
  const key = `${start}${name}`
  const begun = valuesOf(asked)
  let isTyped = false

  function put(values: Values): void {
    for (const [field, value] of Object.entries(values)) {
      const entry = asked[field]
      if (entry) entry.value = value === null && typeof begun[field] === 'number' ? NaN : copied(value)
    }
  }

  function remember(): void {
    if (!isTyped || !isTheirs()) return
    const values = valuesOf(asked)
    const names = Object.keys(values).filter((field) => !same(values[field], begun[field]))
    if (!names.length) return forget(key)
    keep(key, { typed: only(values, names), begun: only(begun, names), at: now() } satisfies Kept)
    dropOldest(start)
  }

  function over(): void {
    isTyped = false
    forget(key)
  }

  function takeUp(): TakenUp | null {
    const before = { typed: {}, begun: {}, ...kept<Partial<Kept>>(key, {}) }
    const names = Object.keys(before.typed).filter((field) => field in begun && !same(before.typed[field], begun[field]))
    if (!names.length) return null
    put(only(before.typed, names))
    isTyped = true
    const newer = names.filter((field) => !same(before.begun[field], begun[field])).map((field) => begun[field])
    return { newer: newer.filter((text): text is string => typeof text === 'string' && text !== ''), drop: () => (over(), put(begun)) }
  }

  const taken = takeUp()
  watch(() => JSON.stringify(valuesOf(asked)), remember)
  return {
    taken,
    heard: () => {
      isTyped = true
      remember()
    },
    sent: over,
  }
}

/** For a dialog that is about something: what its form took up. Where nobody is logged in nothing is kept. */
export function useTyping(about: () => string | undefined) {
  const taken = shallowRef<TakenUp | null>(null)
  provide(TYPING, (asked) => {
    const session = useSession()
    const person = session.me?.id
    const name = about()
    if (!person || !name) return null
    const held = holdTyping(startOf(person), name, asked, () => session.me?.id === person)
    taken.value = held.taken
    onScopeDispose(() => (taken.value = null))
    return held
  })

  function drop(): void {
    taken.value?.drop()
    taken.value = null
  }

  return { taken, drop }
}

/** For a form: held by the dialog that it is in, if that is about something. */
export const useHeld = (asked: Asked | undefined): Held | null => (asked ? (inject(TYPING, null)?.(asked) ?? null) : null)
