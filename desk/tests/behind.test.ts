/** The rows behind a figure: as many as there can be are asked for, and it is said when there are more. */
import { beforeEach, expect, test, vi } from 'vitest'
import { isCut, MOST_BEHIND } from '../src/kit/behind'
import { papers } from '../src/rooms/assessments/api'
import { orders } from '../src/rooms/results/api'

let asked: string[]
beforeEach(() => {
  asked = []
  vi.stubGlobal('fetch', async (url: string) => (asked.push(url), new Response('[]', { status: 200 })))
})

test('as many rows are asked for as the server gives at once', async () => {
  await Promise.all([papers(3, 'late', {}), orders(4, 'late', { from: '2026-11-01' })])
  for (const url of asked) expect(url).toContain(`limit=${MOST_BEHIND}`)
  expect(asked).toHaveLength(2)
})

test.each([[200, 250, true], [200, 200, false], [12, 12, false], [11, 12, false]])('%d rows of %d: cut is %s', (shown, figure, cut) => {
  expect(isCut(shown, figure)).toBe(cut)
})
