/** One tab of a browser holds a person's phone: a second registration would throw the first one off. */

export interface Held {
  release(): void
}

/**
 * Holds the phone for this tab. Resolves to null when another tab has it and `take` is false. `lost` is called when
 * another tab takes it from us. Without the Web Locks API (an insecure page) there is nothing to arbitrate with.
 */
export function holdPhone(person: number, take: boolean, lost: () => void): Promise<Held | null> {
  if (!navigator.locks) return Promise.resolve({ release: () => undefined })
  return new Promise((resolve) => {
    const options: LockOptions = take ? { steal: true } : { ifAvailable: true }
    const whole = navigator.locks.request(`tingsu.phone.${person}`, options, (lock) => {
      if (!lock) return resolve(null)
      return new Promise<void>((release) => resolve({ release }))
    })
    whole.catch(lost) // AbortError: stolen
  })
}
