/** What the view state needs of a browser, and no more. */
import { beforeEach, vi } from 'vitest'

class MemoryStorage {
  [key: string]: unknown
  getItem = (key: string) => (key in this ? String(this[key]) : null)
  setItem = (key: string, value: string) => void (this[key] = value)
  removeItem = (key: string) => void delete this[key]
}
for (const method of ['getItem', 'setItem', 'removeItem']) Object.defineProperty(MemoryStorage.prototype, method, { enumerable: false })

function storage(): Storage {
  const made = new MemoryStorage()
  for (const method of ['getItem', 'setItem', 'removeItem']) Object.defineProperty(made, method, { enumerable: false })
  return made as unknown as Storage
}

beforeEach(() => {
  vi.stubGlobal('window', Object.assign(globalThis, { addEventListener: vi.fn(), removeEventListener: vi.fn() }))
  vi.stubGlobal('localStorage', storage())
  vi.stubGlobal('sessionStorage', storage())
  vi.stubGlobal('document', { visibilityState: 'hidden', documentElement: {}, addEventListener: vi.fn(), removeEventListener: vi.fn() })
  vi.stubGlobal('location', { protocol: 'http:', host: '127.0.0.1:8080' })
  vi.stubGlobal('navigator', { language: 'en' }) // Node 20 has none
  vi.stubGlobal('Audio', class extends EventTarget {})
})
