/** A failure as a sentence for the person at the desk. */
import { ElMessage } from 'element-plus'
import { found, t } from '@/words'
import { Left, Refused, Stays, Unreachable } from './http'
import type { FieldProblem } from './wire'

export function sentence(error: unknown): string {
  if (error instanceof Stays) return t('phone.endFirst')
  if (error instanceof Unreachable) return t('problem.unreachable')
  if (error instanceof Refused) {
    return found(`problem.${error.problem.code}`) ?? t(error.status >= 500 ? 'problem.server' : 'problem.unknown')
  }
  return t('problem.unknown')
}

const lastName = (problem: FieldProblem) => problem.field.split('.').at(-1) ?? problem.field
const say = (problem: FieldProblem) => found(`wrongField.${problem.code}`) ?? t('wrongField.wanted', { wanted: problem.wanted })

/** What is wrong with each field, by the field's last name: `fields.address` -> `address`. */
export function byField(error: unknown): Record<string, string> {
  if (!(error instanceof Refused)) return {}
  return Object.fromEntries((error.problem.fields ?? []).map((problem) => [lastName(problem), say(problem)]))
}

/** What is wrong in a list of things, by where it stands there: `categories.3.zh`. */
export function byPlace(error: unknown): [place: string, why: string][] {
  if (!(error instanceof Refused)) return []
  return (error.problem.fields ?? []).map((problem) => [problem.field, say(problem)])
}

/** Said at the edge of the screen, for failures that have no better place. */
export function tell(error: unknown): void {
  if (error instanceof Left) return
  tellFailed(sentence(error))
}

export function tellFailed(message: string): void {
  ElMessage({ type: 'error', message, grouping: true, showClose: true, duration: 8000, placement: 'bottom-right' })
}

export function tellDone(message: string): void {
  ElMessage({ type: 'success', message, grouping: true, placement: 'bottom-right' })
}
