/** The centre's classes, in the language shown now. */
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import { useNewest } from '@/kit/newest'
import type { Category, CategoryList, Lexicon } from '@/kit/wire'
import { either } from '@/words'
import * as api from './api'

export const useLexicon = defineStore('lexicon', () => {
  const lexicon = shallowRef<Lexicon>({ categories: [], terms: [] })
  const questions = useNewest()
  let loading: Promise<void> | null = null

  /** Read once; `again` after it was changed. */
  function load(again = false): Promise<void> {
    if (again) loading = null
    loading ??= read()
    return loading
  }

  async function read(): Promise<void> {
    const question = questions.ask()
    try {
      const fresh = await api.lexicon()
      if (question.isNewest()) lexicon.value = fresh
    } catch (error) {
      if (question.isNewest()) loading = null
      throw error
    }
  }

  const of = (list: CategoryList): Category[] =>
    lexicon.value.categories.filter((category) => category.list === list).sort((a, b) => a.position - b.position)

  function label(list: CategoryList, code: string | null | undefined): string {
    if (!code) return ''
    const category = lexicon.value.categories.find((one) => one.list === list && one.code === code)
    return category ? either(category) : code
  }

  return { lexicon, load, of, label }
})
