/**
 * One ticket being edited. Saved as typed: what is typed goes to localStorage at once and to the server after a short
 * pause, with the version it was typed against; until the server has it, it stays. Nothing typed is ever lost to a
 * reload, a broken network or somebody else's change.
 */
import { computed, onScopeDispose, reactive, ref, shallowRef, watch } from 'vue'
import { useChange } from '@/kit/changes'
import { now } from '@/kit/clock'
import { isStale, Refused, Unreachable } from '@/kit/http'
import { forget, keep, kept, keptKeys } from '@/kit/kept'
import { newKey } from '@/kit/key'
import { useLive } from '@/kit/live'
import { byField, sentence } from '@/kit/problems'
import { useSession } from '@/kit/session'
import type { Step, Ticket, TicketField, TicketFields } from '@/kit/wire'
import * as api from './api'
import { asKept, MARKS, problemWith, type Typed, type Value } from './fields'
import { arrived, insist, nothing, rebase, taken, type Rebased, type Unsent } from './rebase'

const PAUSE_MS = 600
const RETRY_MS = 4000
const UNDO_STEPS = 100
/** Each further turn of a flush takes in somebody else's change or what was typed meanwhile. */
const FLUSH_TURNS = 3

export type Saving = 'clean' | 'typing' | 'saving' | 'saved' | 'offline' | 'refused'

const isOpen = (ticket: Ticket) => ticket.state === 'draft' || ticket.state === 'open'
const isAway = (error: unknown) => error instanceof Unreachable || (error instanceof Refused && error.status >= 500)
const isEmpty = (fields: object) => Object.keys(fields).length === 0
const startOf = (person: number) => `draft.${person}.`
const startOfNew = (person: number) => `new.${person}.`
const keptAt = (key: string): Unsent => ({ ...nothing(), ...kept<Partial<Unsent>>(key, {}) })

function body(fields: Typed): TicketFields {
  const entries = Object.entries(fields) as [TicketField, Value][]
  return Object.fromEntries(entries.map(([name, value]) => [name, asKept(name, value)])) as TicketFields
}

/** A ticket that is there, or the key of one that is made once something is typed. */
export type Which = number | string

/** Forms open in this page: what they keep is theirs to send. */
const open = new Set<Which>()

/** Tickets as they were last seen in this page: with the server away, a form that was left can be gone back to. */
const seen = new Map<string, Ticket>()
const SEEN = 30

/** Nothing of this person's is the next one's who logs in on this page. */
export const forgetSeen = () => seen.clear()

const turns = new Map<Which, Promise<unknown>>()

/** One exchange with the server at a time for each ticket: no answer overtakes another, also over the change of a page. */
function inTurn<T>(ticket: Which, exchange: () => Promise<T>): Promise<T> {
  const turn = (turns.get(ticket) ?? Promise.resolve()).then(exchange, exchange)
  const over = () => void (turns.get(ticket) === turn && turns.delete(ticket))
  turns.set(ticket, turn)
  turn.then(over, over)
  return turn
}

/** The key of a ticket to be made: of one that was begun here and never reached the server, if there is one. */
export function keyOfNew(person: number): string {
  const start = startOfNew(person)
  return keptKeys(start)[0]?.slice(start.length) ?? newKey()
}

/** What stands in a form before the server has heard of it. */
function blank(owner: string): Ticket {
  const texts = { customer_number: '', customer_name: '', description: '', address: '', contact_number: '', answer: '' }
  const nobody = { call_id: null, customer_id: null, created_by: null, owner_id: null, confirmed_at: null, confirmed_by: null, number: null }
  const at = new Date(now()).toISOString()
  return {
    ...texts, ...nobody, id: 0, state: 'draft', version: 0, kind: null, business: null, nature: null, suggestion: null, sources: {},
    severity: MARKS.severity[0], channel: MARKS.channel[0], acknowledged_at: null, acknowledged_by: null, acknowledged_how: null, closing: null, repeat_of: null, not_accepted_at: null,
    level: 'junior', held_since: null, tier: null, received_at: at, changed_at: at, owner, drafting: 'none', may: ['change'], wants: [], deadlines: [],
  }
}

export function useTicketForm(which: Which) {
  const live = useLive()
  const session = useSession()
  const person = session.me?.id ?? 0
  let id = typeof which === 'number' ? which : 0
  let key = id ? `${startOf(person)}${id}` : `${startOfNew(person)}${which}`
  const ticket = shallowRef<Ticket | null>(id ? (seen.get(key) ?? null) : blank(session.me?.name ?? ''))
  /** As it was left, while the server has not said how it is. */
  let isRemembered = id > 0 && ticket.value !== null
  const saving = ref<Saving>('clean')
  const savedAt = ref(0)
  const failure = ref('')
  const problems = reactive<Partial<Record<TicketField, string>>>({})
  const unsent = shallowRef<Unsent>(keptAt(key))
  const conflicts = computed<Rebased['conflicts']>(() => (ticket.value ? rebase(unsent.value, ticket.value).conflicts : {}))
  const steps = ref<{ field: TicketField; before: Value }[]>([])

  let timer = 0
  let unread = id > 0
  let left = false
  let refusal: unknown = null

  const dirty = computed(() => !isEmpty(unsent.value.typed))
  /** What the server lets this person do with it as it stands. */
  const may = (step: Step) => ticket.value?.may.includes(step) ?? false
  const editable = computed(() => may('change'))

  /** Something is typed and nothing of it can be sent: the person is asked first. */
  const blocked = computed(() => dirty.value && isEmpty(sendable()))

  function value(field: TicketField): Value {
    const typed = unsent.value.typed[field]
    return typed === undefined ? (ticket.value?.[field] ?? null) : typed
  }

  const isTyped = (field: TicketField) => unsent.value.typed[field] !== undefined

  /** What a form that was left had kept is no longer its own: another may have it. */
  function remember(): void {
    if (left) return
    if (dirty.value) keep(key, unsent.value)
    else forget(key)
  }

  function apply(field: TicketField, fresh: Value, base = ticket.value?.[field]): void {
    if (!ticket.value) return
    const next: Unsent = {
      typed: { ...unsent.value.typed, [field]: fresh },
      base: { [field]: base, ...unsent.value.base },
      sent: unsent.value.sent,
    }
    // taken back; but not while something else for this field is on its way
    if (asKept(field, fresh) === ticket.value[field] && !(field in next.sent)) {
      delete next.typed[field]
      delete next.base[field]
    }
    unsent.value = next
    delete problems[field]
    const problem = problemWith(field, fresh)
    if (problem) problems[field] = problem
    remember()
    if (saving.value !== 'offline') saving.value = dirty.value ? 'typing' : 'clean'
    later(PAUSE_MS)
  }

  /** `base`: what stood there when the person began, where that is longer ago than this change. */
  function set(field: TicketField, fresh: Value, base?: Value): void {
    const last = steps.value.at(-1)
    if (last?.field !== field || timer === 0) {
      steps.value = [...steps.value, { field, before: value(field) }].slice(-UNDO_STEPS)
    }
    apply(field, fresh, base)
  }

  function undo(): void {
    const step = steps.value.at(-1)
    if (!step) return
    steps.value = steps.value.slice(0, -1)
    apply(step.field, step.before)
  }

  function later(ms: number): void {
    window.clearTimeout(timer)
    if (left) return
    timer = window.setTimeout(() => void inTurn(id || which, exchange), ms)
  }

  function sendable(): Typed {
    const fields = Object.entries(unsent.value.typed) as [TicketField, Value][]
    return Object.fromEntries(fields.filter(([field]) => !problems[field] && !(field in conflicts.value)))
  }

  /** The server's newest ticket comes in under what is typed. */
  function receive(fresh: Ticket): void {
    unsent.value = rebase(unsent.value, fresh).unsent
    ticket.value = fresh
    isRemembered = false
    seen.delete(key)
    seen.set(key, fresh)
    if (seen.size > SEEN) seen.delete(seen.keys().next().value ?? '')
    remember()
  }

  async function read(): Promise<void> {
    unread = false
    try {
      const fresh = await api.ticket(id)
      unsent.value = arrived(unsent.value, fresh)
      receive(fresh)
    } catch (error) {
      unread = true
      throw error
    }
  }

  async function send(fields: Typed, version: number): Promise<void> {
    if (saving.value !== 'offline') saving.value = 'saving'
    // what may have made the ticket already is sent again as it was: the key is good for that alone
    const isNew = id === 0
    const sent = isNew && !isEmpty(unsent.value.sent) ? unsent.value.sent : fields
    unsent.value = { ...unsent.value, sent }
    remember()
    const fresh = await (isNew ? api.newTicket({ key: String(which), fields: body(sent) }) : api.patchTicket(id, { version, fields: body(sent) }))
    if (isNew) made(fresh)
    unsent.value = taken(unsent.value, fresh)
    receive(fresh)
    savedAt.value = now()
    saving.value = 'saved'
    if (!dirty.value) return
    saving.value = 'typing'
    later(PAUSE_MS)
  }

  function made(fresh: Ticket): void {
    forget(key)
    id = fresh.id
    key = `${startOf(person)}${id}`
    open.add(id)
  }

  /** Nothing can be sent: there is nothing, or the person is asked first. */
  function rest(): void {
    if (dirty.value && saving.value === 'refused') return
    saving.value = dirty.value ? 'typing' : savedAt.value ? 'saved' : 'clean'
  }

  function refused(error: unknown): void {
    refusal = error
    if (isAway(error)) {
      unread = id > 0 // whether what was sent arrived is seen there
      if (!ticket.value) failure.value = sentence(error)
      if (dirty.value) saving.value = 'offline'
      return later(RETRY_MS)
    }
    const fields = Object.keys(unsent.value.sent) as TicketField[]
    unsent.value = { ...unsent.value, sent: {} }
    const wrong = Object.entries(byField(error)).filter(([field]) => fields.includes(field as TicketField))
    Object.assign(problems, Object.fromEntries(wrong))
    if (isStale(error)) unread = true
    if (isStale(error) || wrong.length > 0) {
      saving.value = 'typing' // the rest goes without it
      return later(0)
    }
    if (isRemembered && !dirty.value) ticket.value = null // gone meanwhile, or no longer ours to see
    failure.value = sentence(error)
    if (dirty.value) saving.value = 'refused'
  }

  /** The ticket is read if it has to be, then what is typed and can be sent is sent. */
  async function exchange(): Promise<void> {
    if (left) return
    window.clearTimeout(timer)
    timer = 0
    try {
      if (unread) await read()
      const fields = sendable()
      if (ticket.value && !left && !isEmpty(fields)) await send(fields, ticket.value.version)
      else rest()
      if (saving.value !== 'refused') failure.value = ''
    } catch (error) {
      refused(error)
    }
  }

  /** Everything that can be sent is sent now; resolves when the server has it or will not take it. */
  async function flush(): Promise<void> {
    for (let turn = 0; turn < FLUSH_TURNS; turn++) {
      await inTurn(id || which, exchange)
      if (saving.value !== 'typing' || isEmpty(sendable())) return
    }
  }

  function load(): Promise<void> {
    unread = id > 0
    return inTurn(id || which, exchange)
  }

  /** Somebody's step: our own is known by its answer, which this waits for. */
  const follow = (version: number | null) =>
    inTurn(id || which, async () => {
      if (version !== null && version <= (ticket.value?.version ?? 0)) return
      unread = true
      await exchange()
    })

  function settle(field: TicketField, mine: boolean): void {
    const theirs = conflicts.value[field] ?? null
    unsent.value = insist(unsent.value, field, theirs)
    if (!mine) return apply(field, theirs)
    remember()
    later(0)
  }

  function drop(): void {
    unsent.value = nothing()
    for (const field of Object.keys(problems)) delete problems[field as TicketField]
  }

  /** Why something typed is still not with the server. */
  function unsaved(): unknown {
    if (saving.value === 'offline') return new Unreachable('ticket')
    if (!isEmpty(conflicts.value)) return new Refused(409, { code: 'stale', message: '', fields: [] })
    return saving.value === 'refused' ? refusal : new Refused(422, { code: 'invalid', message: '', fields: [] })
  }

  /** Confirm, discard and the like, always after what is typed has been saved. Throws what the server says. */
  async function act(action: api.TicketAction | api.HandStep, said: api.Said = {}): Promise<Ticket> {
    await flush()
    if (!ticket.value) throw refusal
    if (dirty.value && action !== 'discard') throw unsaved()
    return inTurn(id || which, () => step(action, said, ticket.value?.version ?? 0))
  }

  async function step(action: api.TicketAction | api.HandStep, said: api.Said, version: number): Promise<Ticket> {
    try {
      const fresh = await api.actOnTicket(id, action, version, said)
      if (action === 'discard') drop()
      receive(fresh)
      return fresh
    } catch (error) {
      Object.assign(problems, byField(error))
      if (isStale(error)) void load()
      throw error
    }
  }

  open.add(which)
  void load()
  // somebody else's change, or one that may have been missed: the ticket is read again, under what is typed
  useChange('ticket', () => (id ? String(id) : null), follow)
  // a draft message: there may be no words, which changes the ticket in nothing but this
  watch(
    () => live.drafts.find((draft) => id > 0 && draft.ticket_id === id),
    (draft) => draft && void load(),
  )
  onScopeDispose(() => {
    left = true
    window.clearTimeout(timer)
    open.delete(which)
    open.delete(id)
    if (!dirty.value || session.me?.id !== person) return
    if (id) void sendLeft(key, id, () => session.me?.id === person && live.link === 'up')
    else void sendNew(person, String(which)).catch(() => undefined) // kept: it is sent once the link is up, or gone on with
  })

  return { ticket, value, isTyped, set, undo, steps, saving, savedAt, failure, problems, conflicts, dirty, blocked, may, editable, flush, load, settle, act }
}

/** What was typed into forms that are no longer open and could not be sent then. */
export async function sendKept(person: number): Promise<void> {
  for (const kept of keptKeys(startOfNew(person))) {
    try {
      await sendNew(person, kept.slice(startOfNew(person).length))
    } catch (error) {
      if (!(error instanceof Refused)) throw error
    }
  }
  const start = startOf(person)
  for (const key of keptKeys(start)) {
    try {
      await sendOne(key, Number(key.slice(start.length)))
    } catch (error) {
      if (!(error instanceof Refused)) throw error // the network again: the rest waits for the next time
    }
  }
}

/**
 * What was typed into the form just left. While the server takes nothing, or somebody else is saving, it is tried again; with
 * the link down `sendKept` does that once it is up. What needs the person is kept.
 */
async function sendLeft(key: string, id: number, goesOn: () => boolean): Promise<void> {
  try {
    await sendOne(key, id)
  } catch (error) {
    if (isAway(error) || isStale(error)) window.setTimeout(() => goesOn() && void sendLeft(key, id, goesOn), RETRY_MS)
  }
}

/** A ticket that was begun and left before the server had it: made of what was sent first, the rest is typed into it. */
function sendNew(person: number, which: string): Promise<void> {
  return inTurn(which, async () => {
    const key = startOfNew(person) + which
    const unsent = keptAt(key)
    const first = isEmpty(unsent.sent) ? unsent.typed : unsent.sent
    const fields = Object.entries(first) as [TicketField, Value][]
    if (open.has(which) || isEmpty(first) || fields.some(([field, value]) => problemWith(field, value))) return
    const fresh = await api.newTicket({ key: which, fields: body(first) })
    const rest = taken({ ...unsent, sent: first }, fresh)
    if (!isEmpty(rest.typed)) keep(`${startOf(person)}${fresh.id}`, rest)
    forget(key)
  })
}

function sendOne(key: string, id: number): Promise<void> {
  return inTurn(id, async () => {
    if (open.has(id)) return
    const done = await sendTyped(id, keptAt(key))
    if (done && !open.has(id)) forget(key)
  })
}

/** True when nothing is left to send. What needs the person (a clash, a half-typed number) waits until the ticket is opened. */
async function sendTyped(id: number, typed: Unsent): Promise<boolean> {
  const fresh = await api.ticket(id)
  if (!isOpen(fresh)) return true // confirmed or discarded without it: there is no form any more
  const { unsent, conflicts } = rebase(arrived(typed, fresh), fresh)
  const fields = Object.entries(unsent.typed) as [TicketField, Value][]
  if (fields.some(([field, value]) => field in conflicts || problemWith(field, value))) return false
  if (fields.length > 0) await api.patchTicket(id, { version: fresh.version, fields: body(unsent.typed) })
  return true
}
