/** Documents that the server sets (PDF): shown beside the desk, so that a call is never left. */
import { file, query } from './http'
import { tell } from './problems'
import { language } from '@/words'

/** Long enough for the slowest reader of PDF to have taken it. */
const KEPT_MS = 60_000

/** The document, in the language shown now. What keeps it from being made is told as any problem is. */
export async function showDocument(path: string): Promise<void> {
  try {
    const { content } = await file(`${path}${query({ language: language() })}`)
    const address = URL.createObjectURL(content)
    const link = document.createElement('a')
    link.href = address
    link.target = '_blank'
    link.rel = 'noopener'
    link.click()
    setTimeout(() => URL.revokeObjectURL(address), KEPT_MS)
  } catch (error) {
    tell(error)
  }
}
