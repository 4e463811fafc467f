/**
 * How the person who is logged in has their lists: columns, and views under names. The server keeps it, for people of several shifts
 * share a desk. While it does not answer, lists stand as they are made.
 */
import { defineStore } from 'pinia'
import { ref, watch } from 'vue'
import * as api from './api'
import { useNewest } from './newest'
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
  const questions = useNewest()
  let whose: number | undefined
  /** Views that were removed here. */
  const removed = new Set<number>()
  /** The newest choice of each list on its way. The one after it waits: of two at once, who knows which the server has last. */
  const sending = new Map<ListName, Promise<void>>()

  function forget(): void {
    questions.forget()
    whose = undefined
    columns.value = {}
    views.value = []
    removed.clear()
    sending.clear()
  }

  watch(() => session.me?.id, forget, { flush: 'sync' })

  /** Asked once; what could not be asked is asked for at the next list. What was chosen here meanwhile is newer than the answer. */
  async function learn(): Promise<void> {
    const me = session.me?.id
    if (me === undefined || whose === me) return
    whose = me
    const question = questions.ask()
    try {
      const mine = await api.myLists()
      if (!question.isNewest()) return
      const here = new Set([...removed, ...views.value.map((view) => view.id)])
      columns.value = { ...Object.fromEntries(mine.columns.map((one) => [one.list, one.columns])), ...columns.value }
      views.value = [...mine.views.filter((view) => !here.has(view.id)), ...views.value]
    } catch {
      if (question.isNewest()) whose = undefined // the page says itself that the server is away
    }
  }

  /** Shown at once; where the server does not take it, it is said, and stands until the page is loaded again. */
  async function choose(list: ListName, chosen: ChosenColumn[]): Promise<void> {
    columns.value = { ...columns.value, [list]: chosen }
    const me = session.me?.id
    const sent = (sending.get(list) ?? Promise.resolve()).then(() => (me === session.me?.id ? api.chooseColumns(list, chosen) : undefined)).catch(tell)
    sending.set(list, sent)
    await sent
  }

  async function save(list: ListName, name: string, query: string): Promise<void> {
    const view = await api.saveView(list, { name, query })
    views.value = [...views.value, view]
  }

  async function remove(view: SavedView): Promise<void> {
    await api.removeView(view.id)
    removed.add(view.id)
    views.value = views.value.filter((one) => one.id !== view.id)
  }

  async function restore(view: SavedView): Promise<void> {
    const back = await api.restoreView(view.id)
    removed.delete(view.id)
    views.value = [...views.value, back]
  }

  return { columns, views, learn, choose, save, remove, restore }
})
