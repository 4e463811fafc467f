/** A question with two answers that stops what is under way: the page's own, for the browser's stands in the browser's language. */
import { shallowRef } from 'vue'

export interface Question {
  text: string
  yes: string
}

interface Open extends Question {
  answer(isYes: boolean): void
}

/** Drawn once, by TheQuestion in the application's frame. */
export const asked = shallowRef<Open | null>(null)

/** True for yes. Closing it is no, and so is another question that takes its place. */
export function ask(question: Question): Promise<boolean> {
  asked.value?.answer(false)
  return new Promise((resolve) => {
    asked.value = {
      ...question,
      answer(isYes) {
        asked.value = null
        resolve(isYes)
      },
    }
  })
}
