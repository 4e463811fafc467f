/**
 * What a dialog is about, as the person saw it when it was opened. What becomes of it meanwhile is not answered unseen: the server
 * refuses the step as stale, the thing is read and shown as it is now, and the next press is about that. What was typed stays.
 */
import { ref, shallowRef } from 'vue'
import { isStale } from './http'

export function useSeen<T>(first: T, read: (seen: T) => Promise<T>) {
  const seen = shallowRef(first)
  /** It is no longer as it was when the dialog was opened. */
  const isNewer = ref(false)

  /** Takes a step with it as it was last shown. Throws what the server says, also when it was read anew. */
  async function take<R>(step: (seen: T) => Promise<R>): Promise<R> {
    try {
      return await step(seen.value)
    } catch (error) {
      if (!isStale(error)) throw error
      seen.value = await read(seen.value)
      isNewer.value = true
      throw error
    }
  }

  return { seen, isNewer, take }
}
