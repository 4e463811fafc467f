/**
 * What is typed into a dialog's form and not sent yet. It is kept in this browser, for the person who types it and for the one thing
 * and step that the dialog is about: Esc, the cross, a reload or the end of a session throws nothing away. The same dialog takes it up
 * again and says so, until it is sent or thrown away.
 */
import { inject, onScopeDispose, provide, shallowRef, watch, type InjectionKey, type Ref } from 'vue'
import { now } from './clock'
import { forget, keep, kept, keptKeys } from './kept'
import { newKey } from './key'
import { useSession } from './session'

/** What a form asks for, by name: texts, numbers (NaN: none), marks, several of something. */
export type Asked = Record<string, Ref<unknown>>
type Values = Record<string, unknown>

interface Kept {
  typed: Values
  /** What stood there when the dialog was opened. */
  begun: Values
  /** By which what is sent once is known when it is sent again: the answer may have been lost. */
  key: string
  at: number
}

/** `newer`: what stands there by now in the place of what was typed over. */
export interface TakenUp {
  newer: string[]
  drop: () => void
}

export interface Held {
  key: string
  /** The person has changed something. */
  heard: () => void
  /** It was sent, or is to be forgotten. */
  sent: () => void
}

/** Forms that one person has begun and left in this browser; the oldest goes. */
const MOST = 50
/** So long it is kept, whoever logs in: there is customers' data in it, and shifts share a desk. */
const LONGEST_MS = 7 * 24 * 3600 * 1000
const ALL = 'typing.'
/** What is chosen from a list is no text that somebody would recognise. */
const CODE = /^[a-z_]+$/
const startOf = (person: number) => `${ALL}${person}.`
const TYPING: InjectionKey<(asked: Asked) => Held | null> = Symbol('typing')

const copied = (value: unknown): unknown => (Array.isArray(value) ? [...(value as unknown[])] : value)
const valuesOf = (asked: Asked): Values => Object.fromEntries(Object.entries(asked).map(([name, entry]) => [name, copied(entry.value)]))
const same = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other)
const only = (values: Values, names: readonly string[]): Values => Object.fromEntries(names.map((name) => [name, values[name]]))

const at = (key: string) => kept<Partial<Kept>>(key, {}).at ?? 0

function dropStale(): void {
  for (const key of keptKeys(ALL)) if (at(key) < now() - LONGEST_MS) forget(key)
}

function dropOldest(start: string): void {
  const keys = keptKeys(start)
  if (keys.length > MOST) [...keys].sort((one, other) => at(one) - at(other)).slice(0, keys.length - MOST).forEach((key) => forget(key))
}

/**
 * Keeps a form under this key for as long as the scope lives, and takes up at once what was kept there. `isTheirs`: whoever typed it
 * still sits here.
 */
export function holdTyping(start: string, name: string, asked: Asked, isTheirs: () => boolean): Held & { taken: TakenUp | null } {
  const place = `${start}${name}`
  const before: Kept = { typed: {}, begun: {}, key: newKey(), at: 0, ...kept<Partial<Kept>>(place, {}) }
  const first = valuesOf(asked)
  /** What stands there of itself: a choice that the form fills in later, too. */
  const begun = { ...first }
  let known = first
  const typed = new Set<string>()
  let isSent = false

  function put(values: Values): void {
    for (const [field, value] of Object.entries(values)) {
      const entry = asked[field]
      if (entry) entry.value = value === null && typeof first[field] === 'number' ? NaN : copied(value)
    }
    known = valuesOf(asked)
  }

  function remember(): void {
    if (!typed.size || !isTheirs()) return
    const values = valuesOf(asked)
    const names = [...typed].filter((field) => !same(values[field], begun[field]))
    if (!names.length) return forget(place)
    keep(place, { typed: only(values, names), begun: only(first, names), key: before.key, at: now() } satisfies Kept)
    dropOldest(start)
  }

  function over(): void {
    typed.clear()
    forget(place)
  }

  /** Fields that are not as they were last seen. */
  const changed = (values: Values) => Object.keys(values).filter((field) => !same(values[field], known[field]))

  function sent(): void {
    isSent = true
    over()
  }

  function heard(): void {
    isSent = false
    const values = valuesOf(asked)
    for (const field of changed(values)) typed.add(field)
    known = values
    remember()
  }

  /** A choice that nobody made is no typing; a text is: a block that was put in is somebody's. */
  function followed(): void {
    const values = valuesOf(asked)
    for (const field of changed(values)) {
      if (typeof values[field] === 'string' && !isSent) typed.add(field)
      else if (!typed.has(field)) begun[field] = values[field]
    }
    known = values
    if (!isSent) remember()
  }

  function takeUp(): TakenUp | null {
    const isNewer = (field: string) => !same(before.begun[field], first[field])
    // a choice does not go over another that was made meanwhile: nothing would say so
    const isTaken = (field: string) => typeof before.typed[field] === 'string' || !isNewer(field)
    const names = Object.keys(before.typed).filter((field) => field in first && !same(before.typed[field], first[field]) && isTaken(field))
    if (!names.length) return null
    put(only(before.typed, names))
    for (const field of names) typed.add(field)
    const newer = names.filter(isNewer).map((field) => first[field])
    return {
      newer: newer.filter((text): text is string => typeof text === 'string' && text !== '' && !CODE.test(text)),
      drop: () => (over(), put(begun)),
    }
  }

  const taken = takeUp()
  watch(() => JSON.stringify(valuesOf(asked)), followed)
  return { taken, key: before.key, heard, sent }
}

/** For a dialog that is about something: what its form took up. Where nobody is logged in nothing is kept. */
export function useTyping(about: () => string | undefined) {
  const taken = shallowRef<TakenUp | null>(null)
  provide(TYPING, (asked) => {
    const session = useSession()
    const person = session.me?.id
    const name = about()
    dropStale()
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
