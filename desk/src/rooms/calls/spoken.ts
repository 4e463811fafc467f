/** The conversation by time and by word: which word a moment belongs to, which one a key leads to. Pure. */
import type { Evidence, Utterance } from '@/kit/wire'

export interface Place {
  utterance: number
  word: number
}

interface Moment extends Place {
  start: number
  end: number
}

/** Every word by its start; a side's sentence without words of its own counts as one (word -1). */
export function moments(utterances: readonly Utterance[]): Moment[] {
  const all = utterances.flatMap((one, utterance): Moment[] => {
    if (one.words.length === 0) return [{ utterance, word: -1, start: one.start, end: one.end }]
    return one.words.map(({ start, end }, word) => ({ utterance, word, start, end }))
  })
  return all.sort((a, b) => a.start - b.start)
}

/** The index of what is said at that time, -1 for nothing; where both talk, of who began last. */
export function saidAt(all: readonly Moment[], time: number): number {
  let [low, high] = [0, all.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((all[middle]?.start ?? 0) <= time) low = middle + 1
    else high = middle
  }
  const last = all[low - 1]
  return last && time < last.end ? low - 1 : -1
}

/** From word to word (left, right), from sentence to sentence (up, down), to the first and the last. */
export function step(utterances: readonly Utterance[], from: Place, key: string): Place | null {
  const spoken = utterances.flatMap(({ words }, utterance) => (words.length ? [{ utterance, last: words.length - 1 }] : []))
  const here = spoken.findIndex(({ utterance }) => utterance === from.utterance)
  const word = (at: number, which: 'first' | 'last'): Place | null => {
    const one = spoken[at]
    return one ? { utterance: one.utterance, word: which === 'first' ? 0 : one.last } : null
  }
  switch (key) {
    case 'ArrowRight':
      return from.word < (spoken[here]?.last ?? -1) ? { ...from, word: from.word + 1 } : word(here + 1, 'first')
    case 'ArrowLeft':
      return from.word > 0 ? { ...from, word: from.word - 1 } : word(here - 1, 'last')
    case 'ArrowDown':
      return word(here + 1, 'first')
    case 'ArrowUp':
      return word(here - 1, 'first')
    case 'Home':
      return word(0, 'first')
    case 'End':
      return word(spoken.length - 1, 'last')
    default:
      return null
  }
}

/** Where `Tab` comes in. */
export function firstWord(utterances: readonly Utterance[]): Place {
  return { utterance: utterances.findIndex(({ words }) => words.length > 0), word: 0 }
}

/** Whether this word is part of what filled a field. */
export function isMarked(evidence: readonly Evidence[], speaker: Utterance['speaker'], { start, end }: { start: number; end: number }): boolean {
  return evidence.some((one) => one.speaker === speaker && start < one.end - 0.01 && end > one.start + 0.01)
}

/** A quarter more than what the server takes for settled (0.6): below it a word is worth a second look. */
const CLEAR = 0.8
const UNSURE = 0.6

/** How sure the recogniser is, as one of three words: nobody knows what 0.66 means. */
export function howSure(conf: number): 'clear' | 'likely' | 'unsure' {
  if (conf >= CLEAR) return 'clear'
  return conf >= UNSURE ? 'likely' : 'unsure'
}

/** The server's mark for sound that was none of the model's words; fonts draw it as they draw what they do not have. */
const HOLE = /□+/g

export const heard = (text: string): string => text.replace(HOLE, '…')
export const isHole = (text: string): boolean => text.replace(HOLE, '') === ''

/** Between Chinese words no space is written. */
export function gap(text: string, next: string | undefined): string {
  return next && /[A-Za-z0-9]$/.test(text) && /^[A-Za-z0-9]/.test(next) ? ' ' : ''
}
