/** What is copied to be pasted elsewhere: numbers, a line each. */
import { t } from '@/words'
import { tellDone, tellFailed } from './problems'

export async function copyLines(lines: readonly string[]): Promise<void> {
  const given = [...new Set(lines.filter(Boolean))]
  try {
    await navigator.clipboard.writeText(given.join('\n'))
    tellDone(t('rows.copied', { n: given.length }))
  } catch {
    tellFailed(t('detail.notCopied')) // not over http, or forbidden
  }
}
