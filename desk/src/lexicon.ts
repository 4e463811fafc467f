/** The centre's classes, in the language shown now. */
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import * as api from './server'
import { either } from './words'
import type { Category, CategoryList, Lexicon } from './wire'

export const useLexicon = defineStore('lexicon', () => {
  const lexicon = shallowRef<Lexicon>({ categories: [], terms: [] })
  let loading: Promise<void> | null = null

  /** Read once; `again` after it was changed. */
  function load(again = false): Promise<void> {
    if (again) loading = null
    loading ??= api.lexicon().then(
      (fresh) => void (lexicon.value = fresh),
      (error) => {
        loading = null
        throw error
      },
    )
    return loading
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
