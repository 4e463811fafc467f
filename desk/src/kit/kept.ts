/** What the browser remembers between page loads, all under one prefix and never more than view state and unsent typing. */
const PREFIX = 'tingsu.'

export function keep(key: string, value: unknown, store?: Storage): void {
  try {
    const place = store ?? localStorage // where it is forbidden, to name it is refused
    place.setItem(PREFIX + key, JSON.stringify(value))
  } catch {
    // storage full or forbidden: the page works on, it only forgets at reload
    return
  }
}

export function kept<T>(key: string, otherwise: T, store?: Storage): T {
  try {
    const text = (store ?? localStorage).getItem(PREFIX + key)
    return text === null ? otherwise : (JSON.parse(text) as T)
  } catch {
    return otherwise
  }
}

export function forget(key: string, store: Storage = localStorage): void {
  store.removeItem(PREFIX + key)
}

/** Keys (without the prefix) that begin with `start`. */
export function keptKeys(start: string): string[] {
  return Object.keys(localStorage)
    .filter((key) => key.startsWith(PREFIX + start))
    .map((key) => key.slice(PREFIX.length))
}
