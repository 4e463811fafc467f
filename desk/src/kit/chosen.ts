/**
 * Rows of a list that a person chose to do something with together: kept by their ids, so that they stay chosen wherever they scroll
 * to or are moved to, each as it is now. Nobody does anything with what they do not see: what is not loaded any more is let go.
 */
import { computed, shallowRef, watch } from 'vue'

type Id = string | number

export function useChosen<Row extends { id: Id }>(rows: () => readonly Row[]) {
  const ids = shallowRef<ReadonlySet<Id>>(new Set())
  /** Where a range begins: the row that was turned last. */
  let anchor: Id | null = null

  const chosen = computed(() => rows().filter((row) => ids.value.has(row.id)))
  const isAll = computed(() => rows().length > 0 && chosen.value.length === rows().length)
  const has = (id: Id) => ids.value.has(id)

  function clear(): void {
    ids.value = new Set()
    anchor = null
  }

  function turn(id: Id): void {
    const next = new Set(ids.value)
    if (!next.delete(id)) next.add(id)
    ids.value = next
    anchor = id
  }

  /** All from the row that was turned last to this one. */
  function reach(id: Id): void {
    const at = (of: Id | null) => rows().findIndex((row) => row.id === of)
    const [from, to] = [at(anchor), at(id)]
    if (from < 0 || to < 0) return turn(id)
    const range = rows().slice(Math.min(from, to), Math.max(from, to) + 1)
    ids.value = new Set([...ids.value, ...range.map((row) => row.id)])
  }

  const all = () => void (ids.value = new Set(rows().map((row) => row.id)))

  watch(rows, (now) => {
    if (!ids.value.size) return
    const there = new Set(now.map((row) => row.id))
    ids.value = new Set([...ids.value].filter((id) => there.has(id)))
  })

  return { chosen, isAll, has, clear, turn, reach, all }
}
