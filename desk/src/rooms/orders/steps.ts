/** What each step with an order asks for, and how it is sent. */
import { now } from '@/kit/clock'
import type { Order, OrderPaper, Ticket, Wire } from '@/kit/wire'
import { ticket as ticketOf } from '@/rooms/tickets/api'
import { appealsOf, chase, withdraw, type Appeal } from '@/rooms/tickets/appeals'
import * as api from './api'

export const FIELDS = ['department', 'task', 'warning', 'hours', 'more', 'answer', 'reason'] as const
export type Field = (typeof FIELDS)[number]

export interface Entries {
  department: number
  task: string
  warning: string
  /** What the department has; NaN: its own limit, or that nothing changes. */
  hours: number
  /** Hours beyond the present deadline. */
  more: number
  answer: string
  reason: string
  urgent: boolean
  leads: boolean
}

export const BLANK: Entries = { department: 0, task: '', warning: '', hours: NaN, more: NaN, answer: '', reason: '', urgent: false, leads: true }

export const STEPS = ['dispatch', 'second', 'redirect', 'chase', 'withdraw', 'rewrite', 'accept', 'refuse', 'return', 'extension', 'grant', 'deny', 'uphold', 'settle', 'redo', 'remind'] as const
export type StepName = (typeof STEPS)[number]

/** `must`: to be filled. `may`: can be left. `marks`: what can be ticked. A step that asks for nothing is done at once. */
interface Shape {
  must: readonly Field[]
  may?: readonly Field[]
  marks?: readonly ('urgent' | 'leads')[]
}

export const SHAPES: Readonly<Record<StepName, Shape>> = {
  dispatch: { must: ['department', 'task'], may: ['hours', 'reason'], marks: ['urgent', 'leads'] },
  // its department is the first one's: the warning is for whose remedy was found wanting
  second: { must: ['task', 'warning', 'reason'], may: ['hours'], marks: ['urgent'] },
  redirect: { must: ['department', 'task', 'reason'], may: ['hours'], marks: ['urgent'] },
  chase: { must: ['task', 'reason'], may: ['hours'], marks: ['urgent'] },
  withdraw: { must: ['reason'] },
  rewrite: { must: ['task'], may: ['hours', 'reason'], marks: ['urgent'] },
  accept: { must: [] },
  refuse: { must: ['reason'] },
  return: { must: ['answer'] },
  extension: { must: ['more', 'reason'] },
  grant: { must: [], may: ['reason'] },
  deny: { must: ['reason'] },
  uphold: { must: ['reason'] },
  settle: { must: [], may: ['reason'] },
  redo: { must: ['hours', 'reason'] },
  remind: { must: [], may: ['reason'] },
}

/** A paper written anew asks for what a paper of its kind has: of a withdrawal that is its reason alone. */
export function shapeOf(step: StepName, paper?: Pick<OrderPaper, 'verb'>): Shape {
  return step === 'rewrite' && paper && paper.verb !== 'dispatch' ? SHAPES[paper.verb] : SHAPES[step]
}

export function fieldsOf(step: StepName, paper?: Pick<OrderPaper, 'verb'>): Field[] {
  const { must, may } = shapeOf(step, paper)
  return FIELDS.filter((field) => must.includes(field) || may?.includes(field))
}

/** What a step is about. `key`: made once for a form, so that a dispatch whose answer was lost is not a second one. `appeal`: what it settles. */
export interface About {
  ticket?: Ticket
  order?: Order
  paper?: OrderPaper
  appeal?: Appeal
  key: string
}

/** All of it as it is now. */
export async function renewed(about: About): Promise<About> {
  const { order: was, ticket: of } = about
  const [order, ticket, appeals] = await Promise.all([
    was && api.order(was.id),
    of && !was ? ticketOf(of.id) : of, // a step with an order does not say which version of the case it was taken at
    was && about.appeal && appealsOf(was.ticket_id),
  ])
  const paper = order?.papers.find((one) => one.id === about.paper?.id) ?? about.paper
  const appeal = appeals?.find((one) => one.id === about.appeal?.id) ?? about.appeal
  return { ...about, order, ticket, paper, appeal }
}

export const asks = (step: StepName) => fieldsOf(step).length > 0

const hoursOr = (hours: number) => (Number.isNaN(hours) ? null : hours)
const later = (from: number, hours: number) => new Date(from + hours * 3_600_000).toISOString()

/** The deadline that a chase asks for and that is still to come: it stays when the paper is written anew. */
export const asked = (paper: Pick<OrderPaper, 'until'>) => (paper.until && Date.parse(paper.until) > now() ? paper.until : null)

/** A chase or a withdrawal that what a customer added leads to; the order as it is then. */
async function settle(step: StepName, made: Entries, order: Order, appeal: Appeal): Promise<Order> {
  const body = { version: appeal.version, order: order.id, order_version: order.version, reason: made.reason }
  if (step === 'withdraw') await withdraw(appeal.id, body)
  else await chase(appeal.id, { ...body, task: made.task, urgent: made.urgent, until: hoursOr(made.hours) ? later(now(), made.hours) : null })
  return api.order(order.id)
}

export function send(step: StepName, made: Entries, about: About): Promise<Order> {
  const { ticket, order, paper, appeal, key } = about
  const { department, task, urgent, reason, warning, leads } = made
  const hours = hoursOr(made.hours)
  if (step === 'dispatch') {
    if (!ticket) throw new Error('a dispatch is about a ticket')
    return api.dispatch(ticket.id, { key, version: ticket.version, department, task, leads, urgent, hours, reason })
  }
  if (step === 'rewrite') {
    if (!paper) throw new Error('a paper is written anew')
    const isChase = paper.verb === 'chase'
    return api.rewrite(paper.id, {
      version: paper.version,
      task,
      urgent,
      reason,
      hours: isChase ? null : hours,
      until: isChase ? (hours ? later(now(), hours) : asked(paper)) : null,
    })
  }
  if (!order) throw new Error('a step is about an order')
  if (appeal) return settle(step, made, order, appeal)
  const { id, version } = order
  const due = Date.parse(order.due_at ?? '')
  switch (step) {
    case 'second':
      return api.step(id, 'second', { version, department: order.department_id, task, urgent, hours, reason, warning } satisfies Wire<'SecondBody'>)
    case 'redirect':
      return api.step(id, 'redirect', { version, department, task, urgent, hours, reason } satisfies Wire<'RedirectBody'>)
    case 'chase':
      return api.step(id, 'chase', { version, task, urgent, reason, until: hours ? later(now(), hours) : null } satisfies Wire<'ChaseBody'>)
    case 'return':
      return api.step(id, 'return', { version, answer: made.answer } satisfies Wire<'OrderAnswer'>)
    case 'extension':
      return api.step(id, 'extension', { version, until: later(due, made.more), reason } satisfies Wire<'ExtensionBody'>)
    case 'grant':
    case 'deny':
      return api.step(id, 'extension/decision', { version, granted: step === 'grant', note: reason } satisfies Wire<'ExtensionDecision'>)
    case 'redo':
      return api.step(id, 'redo', { version, hours: made.hours, reason } satisfies Wire<'OrderRedo'>)
    case 'accept':
    case 'settle':
    case 'remind':
      return api.step(id, step, { version, note: reason } satisfies Wire<'OrderStep'>)
    default:
      return api.step(id, step, { version, reason } satisfies Wire<'OrderReason'>)
  }
}

/** Departments that have said that the case is not theirs: an order that goes elsewhere does not go to them again (SPEC O8). */
export const refusers = (orders: readonly Pick<Order, 'department_id' | 'refusals'>[]) => new Set(orders.filter((one) => one.refusals > 0).map((one) => one.department_id))

type Classes = Pick<Ticket, 'kind' | 'business' | 'nature'>

/**
 * The department that the catalogue names for the case: the rule that says most of it. The server's `propose` says the same. `among`: of
 * which departments it may be; null is all that receive orders.
 */
export function proposed(of: Wire<'Departments'>, ticket: Classes, among: ((id: number) => boolean) | null = null): Wire<'DispatchRule'> | null {
  const active = new Set(of.departments.filter((one) => one.active && (among?.(one.id) ?? true)).map((one) => one.code))
  const classes = ['nature', 'business', 'kind'] as const
  const fits = of.rules.filter((rule) => active.has(rule.department) && classes.every((name) => rule[name] === null || rule[name] === ticket[name]))
  const says = (rule: Wire<'DispatchRule'>) => classes.reduce((sum, name, place) => sum + (rule[name] === null ? 0 : 10 + 4 / 2 ** place), 0)
  return fits.sort((a, b) => says(b) - says(a))[0] ?? null
}
