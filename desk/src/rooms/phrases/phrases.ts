/** The centre's reasons and text blocks, in the language shown now. */
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import { useNewest } from '@/kit/newest'
import { either } from '@/words'
import * as api from './api'

/** What closes a case besides the centre's reasons for closing it without. */
export const CONFIRMED = 'confirmed'

/** What is written, with a block at its end. */
export const withBlock = (text: string, block: string): string => [text.trimEnd(), block].filter(Boolean).join('\n')

export const usePhrases = defineStore('phrases', () => {
  const phrases = shallowRef<readonly api.Phrase[]>([])
  const questions = useNewest()
  let loading: Promise<void> | null = null

  /** Read once; `again` after they were changed. */
  function load(again = false): Promise<void> {
    if (again) loading = null
    loading ??= read()
    return loading
  }

  async function read(): Promise<void> {
    const question = questions.ask()
    try {
      const fresh = await api.phrases()
      if (question.isNewest()) phrases.value = fresh.phrases
    } catch (error) {
      if (question.isNewest()) loading = null
      throw error
    }
  }

  /** Those that are used. */
  const of = (list: api.PhraseList): api.Phrase[] =>
    phrases.value.filter((one) => one.list === list && one.active).sort((a, b) => a.position - b.position)

  /** Also of one that is no longer used: cases name it. */
  function label(list: api.PhraseList, code: string): string {
    const phrase = phrases.value.find((one) => one.list === list && one.code === code)
    return phrase ? either(phrase) : code
  }

  return { phrases, load, of, label }
})
