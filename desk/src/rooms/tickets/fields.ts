/** The form's fields: what kind of entry each is and what the server will accept. */
import type { CategoryList, TicketField } from '@/kit/wire'
import { t } from '@/words'

export const CLASS_FIELDS = ['kind', 'business', 'nature', 'suggestion'] as const satisfies readonly CategoryList[]
export const TEXT_FIELDS = ['customer_name', 'customer_number', 'contact_number', 'address', 'description', 'answer'] as const
export const FIELDS: readonly TicketField[] = [...CLASS_FIELDS, ...TEXT_FIELDS]

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
