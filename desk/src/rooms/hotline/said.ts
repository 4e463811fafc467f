/** A decision and what it overrules, as a journal names them: a number and a code. */
import { found } from '@/words'

function numbered(value: string, say: (code: string) => string | undefined): string {
  const [number, code] = value.split(' ') as [string, string?]
  return `${number} · ${say(code ?? '') ?? code ?? ''}`
}

export const stepName = (code: string) => found(`orderStep.${code}`) ?? found(`orderAct.${code}`) ?? found(`action.${code}`)
export const decided = (value: string) => numbered(value, (code) => found(`decision.${code}`))
export const overruled = (value: string) => numbered(value, (code) => found(`action.${code}`) ?? stepName(code))
