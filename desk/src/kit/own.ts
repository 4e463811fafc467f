/**
 * How the person who is logged in has their lists: columns, and views under names. The server keeps it, for people of several shifts
 * share a desk. While it does not answer, lists stand as they are made.
 */
import { defineStore } from 'pinia'
import { ref, watch } from 'vue'
import * as api from './api'
import { tell } from './problems'
import { useSession } from './session'
import type { ChosenColumn, ListName, SavedView } from './wire'

/** All columns in the person's order. What they have not seen yet stands behind the column that it is made behind. */
export function arranged<Column extends { key: string }>(made: readonly Column[], chosen: readonly ChosenColumn[]): (Column & { shown: boolean })[] {
  const known = new Map(made.map((column) => [column.key, column]))
  const order = chosen.flatMap(({ key, shown }) => {
    const column = known.get(key)
    return column ? [{ ...column, shown }] : []
  })
  made.forEach((column, place) => {
    if (order.some((one) => one.key === column.key)) return
    const before = order.findIndex((one) => one.key === made[place - 1]?.key)
    order.splice(before + 1, 0, { ...column, shown: true })
  })
  return order
}

/** The same with one of them so many places further on. */
export function moved<Item>(items: readonly Item[], place: number, by: number): Item[] {
  const rest = [...items]
  const [item] = rest.splice(place, 1)
  if (item !== undefined) rest.splice(Math.min(Math.max(place + by, 0), rest.length), 0, item)
  return rest
}

export const useOwnLists = defineStore('ownLists', () => {
  const session = useSession()
  const columns = ref<Partial<Record<ListName, ChosenColumn[]>>>({})
  const views = ref<SavedView[]>([])
  let whose: number | undefined

  function forget(): void {
    whose = undefined
    columns.value = {}
    views.value = []
  }

  watch(() => session.me?.id, forget, { flush: 'sync' })

  /** Asked once; what could not be asked is asked for at the next list. */
  async function learn(): Promise<void> {
    const me = session.me?.id
    if (me === undefined || whose === me) return
    whose = me
    try {
      const mine = await api.myLists()
      if (whose !== me) return
      columns.value = Object.fromEntries(mine.columns.map((one) => [one.list, one.columns]))
      views.value = mine.views
    } catch {
      if (whose === me) whose = undefined // the page says itself that the server is away
    }
  }

  /** Shown at once; where the server does not take it, it is said, and stands until the page is loaded again. */
  async function choose(list: ListName, chosen: ChosenColumn[]): Promise<void> {
    columns.value = { ...columns.value, [list]: chosen }
    await api.chooseColumns(list, chosen).catch(tell)
  }

  async function save(list: ListName, name: string, query: string): Promise<void> {
    const view = await api.saveView(list, { name, query })
    views.value = [...views.value, view]
  }

  async function remove(view: SavedView): Promise<void> {
    await api.removeView(view.id)
    views.value = views.value.filter((one) => one.id !== view.id)
  }

  async function restore(view: SavedView): Promise<void> {
    const back = await api.restoreView(view.id)
    views.value = [...views.value, back]
  }

  return { columns, views, learn, choose, save, remove, restore }
})
