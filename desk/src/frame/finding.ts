/** What the palette offers, and which of it fits what is typed: by its letters, or by the first letters of its pinyin (zgf: 张桂芳). */
import Fuse from 'fuse.js'
import { pinyin } from 'pinyin-pro'
import type { KeyName } from '@/kit/keys'

/** The order in which they stand. */
export const KINDS = ['go', 'do', 'ticket', 'customer', 'call', 'person'] as const
export type Kind = (typeof KINDS)[number]

export interface Item {
  id: string
  kind: Kind
  text: string
  /** What tells it from others of its name: a number, a time. */
  beside?: string
  key?: KeyName
  act: () => void
}

interface Spelt {
  item: Item
  text: string
  beside: string
  initials: string
  spelling: string
}

/** Not only equal letters: one in about four may be wrong, wherever they stand. */
const LOOSE = 0.25
const MOST_OF_A_KIND = 6

const letters = (text: string, pattern: 'first' | 'pinyin') =>
  pinyin(text, { pattern, toneType: 'none', type: 'array', surname: 'head', nonZh: 'consecutive' }).join('').toLowerCase()

const spell = (item: Item): Spelt => ({
  item,
  text: item.text,
  beside: (item.beside ?? '').replaceAll(' ', ''),
  initials: letters(item.text, 'first'),
  spelling: letters(item.text, 'pinyin'),
})

function best(items: readonly Item[], typed: string): Item[] {
  const fuse = new Fuse(items.map(spell), { keys: ['text', 'beside', 'initials', 'spelling'], threshold: LOOSE, ignoreLocation: true, minMatchCharLength: 1 })
  return fuse.search(typed.replaceAll(' ', '')).map((found) => found.item.item)
}

/**
 * `known` is looked through here; `asked` is what the server found for what is typed, and stands as it came. With nothing typed one sees
 * where to go and what to do.
 */
export function offered(known: readonly Item[], asked: readonly Item[], typed: string): Item[] {
  const plain = known.filter((item) => item.kind === 'go' || item.kind === 'do')
  const fitting = typed.trim() ? best(known, typed.trim()) : plain
  const ids = new Set<string>()
  const once = [...fitting, ...(typed.trim() ? asked : [])].filter((item) => !ids.has(item.id) && ids.add(item.id))
  return KINDS.flatMap((kind) => {
    const ofKind = once.filter((item) => item.kind === kind)
    return typed.trim() ? ofKind.slice(0, MOST_OF_A_KIND) : ofKind
  })
}
