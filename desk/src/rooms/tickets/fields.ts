/** The form's fields: what kind of entry each is and what the server will accept. */
import type { CategoryList, Ticket, TicketField } from '@/kit/wire'
import { found, t } from '@/words'

export const CLASS_FIELDS = ['kind', 'business', 'nature', 'suggestion'] as const satisfies readonly CategoryList[]
/** Fields that are never empty, each with all that it can be; the first is what stands there until somebody says otherwise. */
export const MARKS = {
  severity: ['ordinary', 'serious', 'major'],
  channel: ['telephone', 'letter', 'fax', 'email', 'text', 'walk_in', 'message', 'appeal'],
} as const satisfies { [Name in 'severity' | 'channel']: readonly Ticket[Name][] }
export type MarkField = keyof typeof MARKS
/** How a customer is told that the case is registered. */
export const TOLD = ['call', 'call_back', 'text', 'email', 'letter', 'in_person'] as const satisfies readonly NonNullable<Ticket['acknowledged_how']>[]
export const TEXT_FIELDS = ['customer_name', 'customer_number', 'contact_number', 'address', 'description', 'answer'] as const
export const FIELDS: readonly TicketField[] = [...CLASS_FIELDS, 'severity', 'channel', ...TEXT_FIELDS]

export const LONGEST: Record<(typeof TEXT_FIELDS)[number], number> = {
  customer_name: 80,
  customer_number: 40,
  contact_number: 40,
  address: 400,
  description: 10_000,
  answer: 10_000,
}

export type Value = string | null
export type Typed = Partial<Record<TicketField, Value>>

export function isClass(field: TicketField): field is CategoryList {
  return (CLASS_FIELDS as readonly string[]).includes(field)
}

export function isMark(field: TicketField): field is MarkField {
  return field in MARKS
}

export function markText(field: MarkField, value: string | null): string {
  if (!value) return ''
  return (field === 'severity' ? found(`severity.${value}`) : found(`channel.${value}`)) ?? value
}

/**
 * What the server keeps of it: a name loses the spaces at its ends, a number what only sets it out. Not all that the server knows
 * of numbers; what is compared wrongly is shown to the person to decide.
 */
export function asKept(field: TicketField, value: Value): Value {
  if (!value) return value
  if (field === 'customer_name') return value.trim()
  return field === 'customer_number' ? plainNumber(value) : value
}

function plainNumber(typed: string): string {
  const plain = typed.normalize('NFKC').replace(/[\s().-]/g, '')
  return plain.replace(/^(?:\+|00)860?(?=1[3-9]\d{9}$)/, '').replace(/^(?:\+|00)860?(?=\d{9,11}$)/, '0')
}

/** A half-typed value that the server would refuse is held back, with the reason at the field. */
export function problemWith(field: TicketField, value: Value): string | null {
  if (field === 'customer_number' && value && !/\d.*\d.*\d/.test(value.normalize('NFKC'))) return t('form.digits')
  return null
}
