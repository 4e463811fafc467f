/** The form's fields: what kind of entry each is and what the server will accept. */
import { t } from '@/words'
import type { CategoryList, TicketField } from '@/wire'

export const CLASS_FIELDS = ['kind', 'business', 'nature', 'suggestion'] as const satisfies readonly CategoryList[]
export const TEXT_FIELDS = ['customer_name', 'customer_number', 'contact_number', 'address', 'description', 'answer'] as const
export const FIELDS: readonly TicketField[] = [...CLASS_FIELDS, ...TEXT_FIELDS]

export const LONGEST: Record<(typeof TEXT_FIELDS)[number], number> = {
  customer_name: 80,
  customer_number: 20,
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

/** What the server keeps of it: a name loses the spaces at its ends. */
export function asKept(field: TicketField, value: Value): Value {
  return field === 'customer_name' && value ? value.trim() : value
}

/** A half-typed value that the server would refuse is held back, with the reason at the field. */
export function problemWith(field: TicketField, value: Value): string | null {
  if (field === 'customer_number' && value && !/^[0-9]{3,20}$/.test(value)) return t('form.digits')
  return null
}
