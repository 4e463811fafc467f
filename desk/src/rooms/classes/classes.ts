/** The centre's classes and their words while somebody edits them. */
import { computed, ref, shallowRef } from 'vue'
import type { Category, CategoryList, Wire } from '@/kit/wire'
import { t } from '@/words'

export type Term = Wire<'LexiconTerm'>

const CODE = /^[a-z0-9_]{1,40}$/
const [LEAST, MOST] = [0.1, 10]

/** What is wrong with one entry of a class or a word, in words. */
export interface Wrong {
  one: Category | Term
  field: string
  why: string
}

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
    categories.value.push({ list: list.value, code: '', zh: '', en: '', position, active: true, authority: null })
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

  /** What the server would refuse, said before it is asked. */
  function lacks(): Wrong[] {
    const classes = categories.value.flatMap((one): Wrong[] => [
      ...(['zh', 'en'] as const).flatMap((field) => (one[field].trim() ? [] : [{ one, field, why: t('wrongField.required') }])),
      ...(CODE.test(one.code) ? [] : [{ one, field: 'code', why: t('lexicon.codeRule') }]),
    ])
    const words = body().terms.flatMap((one): Wrong[] => (one.weight >= LEAST && one.weight <= MOST ? [] : [{ one, field: 'weight', why: t('lexicon.weightRule') }]))
    return [...classes, ...words]
  }

  /** `terms.12.term` is the thirteenth of the words that were sent. What stands nowhere in particular is left out. */
  function placed(all: [place: string, why: string][]): Wrong[] {
    const sent = body()
    return all.flatMap(([place, why]) => {
      const [name, index, field = 'code'] = place.split('.')
      const one = name === 'categories' || name === 'terms' ? sent[name][Number(index)] : undefined
      return one ? [{ one, field, why }] : []
    })
  }

  /** Shows the class that it is in. */
  function turnTo({ one }: Wrong): void {
    pick(one.list)
    chosen.value = one.code
  }

  const body = (): Wire<'Lexicon'> => ({ categories: categories.value, terms: terms.value.filter((one) => one.term.trim() !== '') })
  return { list, chosen, shown, termsOf, unsaved, isNew, take, pick, addCategory, recode, addTerm, removeTerm, body, lacks, placed, turnTo }
}
