/**
 * What every form does: its own rules first, then the server's; each is said at its field, in the person's language, and the
 * first field that is wrong gets the focus. The browser's own bubbles (in the browser's language) stay away: `novalidate`.
 */
import { ref, useTemplateRef, type Ref } from 'vue'
import { toFirstWrong } from './focus'
import { newKey } from './key'
import { byField, sentence } from './problems'
import { useHeld, type Asked } from './typing'
import { t } from '@/words'

export type Wrong<Field extends string> = Partial<Record<Field, string>>

/** What is wrong with an empty entry that must be filled. */
export const filled = (value: string): string => (value.trim() ? '' : t('wrongField.required'))

/**
 * For the component whose template has the form, as `ref="form"`. `rules` names every field shown, with what is wrong with it now ('' for
 * nothing). `asked`: what is typed there, as it begins; a dialog keeps it until it is sent.
 */
export function useEntries<Field extends string>(rules: () => Record<Field, string>, asked?: Asked) {
  const form = useTemplateRef<HTMLElement>('form')
  const problems = ref({}) as Ref<Wrong<Field>>
  const refusal = ref('')
  const busy = ref(false)
  const held = useHeld(asked)

  function clear(): void {
    problems.value = {}
    refusal.value = ''
  }

  /** A field that is being changed is not called wrong any more; on the form's `input` and `change`. */
  function touched(event: Event): void {
    held?.heard()
    const field = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-field]')?.dataset.field : undefined
    if (field && field in problems.value) problems.value = { ...problems.value, [field]: undefined }
  }

  function explain(error: unknown): void {
    const shown = rules()
    const said = Object.entries(byField(error))
    problems.value = Object.fromEntries(said.filter(([field]) => field in shown)) as Wrong<Field>
    refusal.value = said.length > 0 && said.every(([field]) => field in shown) ? '' : sentence(error)
  }

  /** True when it was sent and taken. Pressed twice it is sent once. */
  async function submit(send: () => Promise<unknown>): Promise<boolean> {
    if (busy.value) return false
    clear()
    const wrong = Object.entries<string>(rules()).filter(([, why]) => why)
    problems.value = Object.fromEntries(wrong) as Wrong<Field>
    busy.value = true
    try {
      if (wrong.length === 0) await send()
    } catch (error) {
      explain(error)
    } finally {
      busy.value = false
    }
    const isTaken = Object.keys(problems.value).length === 0 && !refusal.value
    if (isTaken) held?.sent()
    else await toFirstWrong(form.value)
    return isTaken
  }

  /** By which the server knows what is sent for what it was, also when the dialog is opened again after an answer that was lost. */
  const key = held?.key ?? newKey()
  /** What is typed is to be kept no longer. */
  const drop = () => held?.sent()
  return { problems, refusal, busy, key, clear, touched, explain, submit, drop }
}
