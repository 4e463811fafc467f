/** What the list says where it has no row. */
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, test } from 'vitest'
import { createSSRApp, h, type Component } from 'vue'
import { renderToString } from 'vue/server-renderer'
import type { List } from '../src/kit/lists'
import { TEST } from '../src/kit/testids'
import TheList from '../src/kit/TheList.vue'
import { speak } from '../src/words'

interface Row { id: number; name: string }

const list = (given: Partial<List<Row>>): List<Row> => ({
  rows: [], next: null, loading: false, failure: '', fresh: 0, gone: new Set(), stuck: false, sort: '', was: undefined,
  sortBy: () => undefined, isAt: () => undefined,
  load: async () => undefined, refresh: async () => undefined, look: async () => undefined, more: async () => undefined,
  ...given,
})

function drawn(given: Partial<List<Row>>): Promise<string> {
  const columns = [{ key: 'name', title: 'Name', text: (row: Row) => row.name }]
  return renderToString(createSSRApp({ render: () => h(TheList as Component, { name: 'tickets', label: 'Tickets', columns, list: list(given), empty: 'Nothing matches.' }) }))
}

const more = `data-testid="${TEST.list.more}"`

beforeEach(() => {
  setActivePinia(createPinia())
  speak('en')
})

test('a search that came to the end says that nothing matches, and has nothing to press', async () => {
  const html = await drawn({})
  expect(html).toContain('Nothing matches.')
  expect(html).not.toContain(more)
})

test('a search that stopped before the end says that there is more, and goes on when it is pressed', async () => {
  const html = await drawn({ next: 'a' })
  expect(html).toContain('None found so far')
  expect(html).not.toContain('Nothing matches.')
  expect(html).toContain(more)
})

test('under rows stands how many there are', async () => {
  const html = await drawn({ rows: [{ id: 1, name: 'Li' }], next: 'a' })
  expect(html).toContain('The first 1')
  expect(html).toContain(more)
})
