/**
 * One ticket being edited. Saved as typed: what is typed goes to localStorage at once and to the server after a short
 * pause, with the version it was typed against; until the server has it, it stays. Nothing typed is ever lost to a
 * reload, a broken network or somebody else's change.
 */
import { computed, onScopeDispose, reactive, ref, shallowRef, watch } from 'vue'
import * as api from '@/server'
import { now } from '@/clock'
import { Refused, Unreachable } from '@/http'
import { forget, keep, kept, keptKeys } from '@/kept'
import { useLive } from '@/live'
import { byField, sentence } from '@/problems'
import { useSession } from '@/session'
import type { Ticket, TicketField, TicketFields } from '@/wire'
import { problemWith, type Typed, type Value } from './fields'
import { insist, rebase, type Rebased, type Unsent } from './rebase'

const PAUSE_MS = 600
const RETRY_MS = 4000
const UNDO_STEPS = 100

export type Saving = 'clean' | 'typing' | 'saving' | 'saved' | 'offline' | 'refused'

const nothing = (): Unsent => ({ typed: {}, base: {} })
const isOpen = (ticket: Ticket) => ticket.state === 'draft' || ticket.state === 'open'
const keyOf = (person: number, ticket: number) => `draft.${person}.${ticket}`

/** Forms open in this page: what they keep is theirs to send. */
const open = new Set<number>()

export function useTicketForm(id: () => number | null) {
  const live = useLive()
  const session = useSession()
  const ticket = shallowRef<Ticket | null>(null)
  const saving = ref<Saving>('clean')
  const savedAt = ref(0)
  const failure = ref('')
  const problems = reactive<Partial<Record<TicketField, string>>>({})
  const conflicts = ref<Rebased['conflicts']>({})
  const unsent = ref<Unsent>(nothing())
  const steps = ref<{ field: TicketField; before: Value }[]>([])

  let timer = 0
  let running: Promise<void> | null = null
  let current: number | null = null

  const dirty = computed(() => Object.keys(unsent.value.typed).length > 0)
  const isMine = computed(() => ticket.value !== null && [null, session.me?.id].includes(ticket.value.owner_id) && session.can('tickets.write'))
  const editable = computed(() => isMine.value && ticket.value !== null && isOpen(ticket.value))

  /** Something is typed and nothing of it can be sent: the person is asked first. */
  const blocked = computed(() => dirty.value && Object.keys(sendable()).length === 0)

  function value(field: TicketField): Value {
    const typed = unsent.value.typed[field]
    return typed === undefined ? (ticket.value?.[field] ?? null) : typed
  }

  const isTyped = (field: TicketField) => unsent.value.typed[field] !== undefined

  function remember(): void {
    const me = session.me
    if (!me || current === null) return
    if (dirty.value) keep(keyOf(me.id, current), unsent.value)
    else forget(keyOf(me.id, current))
  }

  function apply(field: TicketField, fresh: Value): void {
    if (!ticket.value) return
    const next: Unsent = { typed: { ...unsent.value.typed, [field]: fresh }, base: { ...unsent.value.base } }
    if (!(field in unsent.value.base)) next.base[field] = ticket.value[field]
    if (fresh === ticket.value[field]) {
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

  function set(field: TicketField, fresh: Value): void {
    const last = steps.value.at(-1)
    if (last?.field !== field || timer === 0) {
      steps.value = [...steps.value, { field, before: value(field) }].slice(-UNDO_STEPS)
    }
    apply(field, fresh)
  }

  function undo(): void {
    const step = steps.value.at(-1)
    if (!step) return
    steps.value = steps.value.slice(0, -1)
    apply(step.field, step.before)
  }

  function later(ms: number): void {
    window.clearTimeout(timer)
    timer = window.setTimeout(() => {
      timer = 0
      void flush()
    }, ms)
  }

  function sendable(): Typed {
    const fields = Object.entries(unsent.value.typed) as [TicketField, Value][]
    return Object.fromEntries(fields.filter(([field]) => !problems[field] && !(field in conflicts.value)))
  }

  /** The server's newest ticket comes in under what is typed. */
  function receive(fresh: Ticket): void {
    if (fresh.id !== current) return
    const rebased = rebase(unsent.value, fresh)
    ticket.value = fresh
    unsent.value = rebased.unsent
    conflicts.value = { ...rebased.conflicts }
    remember()
  }

  async function sendOnce(fields: Typed): Promise<void> {
    const before = ticket.value
    if (!before) return
    const fresh = await api.patchTicket(before.id, { version: before.version, fields: fields as TicketFields })
    // what was typed during the flight was typed against what we just sent
    const base = { ...unsent.value.base, ...fields }
    unsent.value = { typed: unsent.value.typed, base }
    receive(fresh)
    savedAt.value = now()
  }

  async function refused(error: unknown, fields: Typed): Promise<void> {
    if (error instanceof Unreachable || (error instanceof Refused && error.status >= 500)) {
      saving.value = 'offline'
      return later(RETRY_MS)
    }
    if (error instanceof Refused && error.problem.code === 'stale' && current !== null) {
      receive(await api.ticket(current))
      saving.value = 'typing'
      return later(0)
    }
    saving.value = 'refused'
    failure.value = sentence(error)
    for (const [field, problem] of Object.entries(byField(error))) {
      if (field in fields) problems[field as TicketField] = problem
    }
  }

  /** Everything that can be sent is sent now; resolves when the server has it or will not take it. */
  async function flush(): Promise<void> {
    window.clearTimeout(timer)
    timer = 0
    await running // one flight at a time
    const fields = sendable()
    if (Object.keys(fields).length === 0) {
      if (saving.value !== 'refused' && !dirty.value && saving.value !== 'saved') saving.value = savedAt.value ? 'saved' : 'clean'
      return
    }
    if (saving.value !== 'offline') saving.value = 'saving'
    running = sendOnce(fields).then(
      () => void (saving.value = dirty.value ? 'typing' : 'saved'),
      (error) => refused(error, fields).catch(() => later(RETRY_MS)),
    )
    await running
    running = null
    if ((saving.value as Saving) === 'typing') later(PAUSE_MS)
  }

  async function load(): Promise<void> {
    const wanted = id()
    failure.value = ''
    if (wanted === null) return
    try {
      const fresh = await api.ticket(wanted)
      if (wanted === id()) receive(fresh)
      if (dirty.value) later(0)
    } catch (error) {
      if (wanted === id() && !ticket.value) failure.value = sentence(error)
    }
  }

  function leave(): void {
    if (current !== null) open.delete(current)
    if (dirty.value) void flush()
  }

  function change(wanted: number | null): void {
    leave()
    current = wanted
    ticket.value = null
    saving.value = 'clean'
    savedAt.value = 0
    steps.value = []
    conflicts.value = {}
    for (const field of Object.keys(problems)) delete problems[field as TicketField]
    unsent.value = wanted !== null && session.me ? kept(keyOf(session.me.id, wanted), nothing()) : nothing()
    if (wanted === null) return
    open.add(wanted)
    void load()
  }

  function settle(field: TicketField, mine: boolean): void {
    const theirs = conflicts.value[field] ?? null
    const { [field]: _settled, ...others } = conflicts.value
    conflicts.value = others
    unsent.value = insist(unsent.value, field, theirs)
    if (mine) later(0)
    else apply(field, theirs)
    remember()
  }

  function drop(): void {
    unsent.value = nothing()
    conflicts.value = {}
    for (const field of Object.keys(problems)) delete problems[field as TicketField]
    remember()
  }

  /** Confirm, discard and the like, always after what is typed has been saved. Throws what the server says. */
  async function act(action: api.TicketAction, note = ''): Promise<Ticket> {
    await flush()
    if (!ticket.value) throw new Unreachable('ticket')
    if (action === 'discard') drop()
    if (dirty.value && saving.value === 'offline') throw new Unreachable('ticket')
    if (dirty.value) throw new Refused(422, { code: 'invalid', message: '', fields: [] })
    try {
      receive(await api.actOnTicket(ticket.value.id, action, { version: ticket.value.version, note }))
    } catch (error) {
      for (const [field, problem] of Object.entries(byField(error))) problems[field as TicketField] = problem
      if (error instanceof Refused && error.problem.code === 'stale') await load()
      throw error
    }
    return ticket.value
  }

  watch(id, change, { immediate: true })
  watch(
    () => live.link,
    (link) => link === 'up' && (dirty.value ? later(0) : void load()),
  )
  // a draft message, or lost messages: the ticket is read again, under what is typed
  watch(
    () => live.lost,
    () => void load(),
  )
  watch(
    () => live.drafts.find((draft) => draft.ticket_id === current),
    (draft) => draft && void load(),
  )
  onScopeDispose(leave)

  return { ticket, value, isTyped, set, undo, steps, saving, savedAt, failure, problems, conflicts, dirty, blocked, isMine, editable, flush, load, settle, act }
}

/** What was typed into forms that are no longer open and could not be sent then. */
export async function sendKept(person: number): Promise<void> {
  const start = `draft.${person}.`
  for (const key of keptKeys(start)) {
    const ticket = Number(key.slice(start.length))
    if (open.has(ticket)) continue
    try {
      if (await sendOne(ticket, kept(key, nothing()))) forget(key)
    } catch (error) {
      if (!(error instanceof Refused)) throw error // the network again: the rest waits for the next time
    }
  }
}

/** True when nothing is left to send. What needs the person (a clash, a half-typed number) waits until the ticket is opened. */
async function sendOne(id: number, typed: Unsent): Promise<boolean> {
  const fresh = await api.ticket(id)
  if (!isOpen(fresh)) return true // confirmed or discarded without it: there is no form any more
  const { unsent, conflicts } = rebase(typed, fresh)
  const fields = Object.entries(unsent.typed) as [TicketField, Value][]
  if (fields.some(([field, value]) => field in conflicts || problemWith(field, value))) return false
  if (fields.length > 0) await api.patchTicket(id, { version: fresh.version, fields: unsent.typed as TicketFields })
  return true
}
