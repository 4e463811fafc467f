/** The centre's classes and their words while somebody edits them. */
import { computed, ref, shallowRef } from 'vue'
import type { Category, CategoryList, Wire } from '@/kit/wire'

type Term = Wire<'LexiconTerm'>

export function useClasses() {
  const list = ref<CategoryList>('business')
  const categories = ref<Category[]>([])
  const terms = ref<Term[]>([])
  const chosen = ref('')
  const now = () => JSON.stringify([categories.value, terms.value])
  const before = ref(now())
  /** Classes the centre has: tickets may bear their codes, which stay. */
  const standing = shallowRef(new Set<Category>())

  const shown = computed(() => categories.value.filter((one) => one.list === list.value))
  const termsOf = (code: string) => terms.value.filter((one) => one.list === list.value && one.code === code)
  const unsaved = computed(() => now() !== before.value)
  const isNew = (one: Category) => !standing.value.has(one)

  function take(fresh: Wire<'Lexicon'>): void {
    categories.value = fresh.categories.map((one) => ({ ...one })).sort((a, b) => a.position - b.position)
    terms.value = fresh.terms.map((one) => ({ ...one }))
    standing.value = new Set(categories.value)
    before.value = now()
    pick(list.value)
  }

  function pick(which: CategoryList): void {
    list.value = which
    if (!shown.value.some((one) => one.code === chosen.value)) chosen.value = shown.value[0]?.code ?? ''
  }

  function addCategory(): void {
    const position = Math.max(0, ...shown.value.map((one) => one.position)) + 10
    categories.value.push({ list: list.value, code: '', zh: '', en: '', position, active: true })
  }

  /** A new class gets its code, its words go with it; false when another class has that code. Without one it keeps its own. */
  function recode(one: Category, code: string): boolean {
    if (!code) return true
    if (shown.value.some((other) => other !== one && other.code === code)) return false
    if (one.code) for (const term of termsOf(one.code)) term.code = code
    if (chosen.value === one.code) chosen.value = code
    one.code = code
    return true
  }

  function addTerm(): void {
    terms.value.unshift({ list: list.value, code: chosen.value, term: '', weight: 1 })
  }

  function removeTerm(one: Term): void {
    terms.value.splice(terms.value.indexOf(one), 1)
  }

  const body = (): Wire<'Lexicon'> => ({ categories: categories.value, terms: terms.value.filter((one) => one.term.trim() !== '') })
  return { list, chosen, shown, termsOf, unsaved, isNew, take, pick, addCategory, recode, addTerm, removeTerm, body }
}
