import { describe, expect, it } from 'vitest'
import type { TicketRow } from '@/kit/wire'
import { earlierOf } from '@/rooms/floor/earlier'

const row = (id: number, customer_number: string, state: TicketRow['state'] = 'closed') => ({ id, customer_number, state }) as TicketRow

describe('earlier cases of a caller', () => {
  it('are those of the same number, however it is written, and of no longer one', () => {
    const found = [row(1, '13800138000'), row(2, '138001380001'), row(3, '138 0013 8000', 'open')]
    expect(earlierOf(found, '13800138000', null).map(({ id }) => id)).toEqual([1, 3])
  })

  it('leave out the one on the desk, and what was thrown away', () => {
    const found = [row(1, '13800138000'), row(2, '13800138000', 'discarded'), row(3, '13800138000', 'draft')]
    expect(earlierOf(found, '13800138000', 3).map(({ id }) => id)).toEqual([1])
  })
})
