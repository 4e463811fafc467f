/** The door to the server while somebody logs out. */
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, test, vi } from 'vitest'
import { Left, request, Unreachable } from '../src/kit/http'
import { useSession } from '../src/kit/session'
import { me } from './made'

interface Asked {
  path: string
  signal: AbortSignal
  answer(status: number, body?: unknown): void
  fail(): void
}

let asked: Asked[] = []

/** As a browser's: answered by hand, and over at once when it is called off. */
function ask(path: string, { signal }: { signal: AbortSignal }): Promise<Response> {
  return new Promise((resolve, reject) => {
    const answer = (status: number, body?: unknown) => resolve(new Response(body === undefined ? null : JSON.stringify(body), { status }))
    const fail = () => reject(new TypeError('network'))
    asked.push({ path, signal, answer, fail })
    signal.addEventListener('abort', () => reject(new DOMException('', 'AbortError')))
  })
}

const paths = () => asked.map((one) => one.path)
const last = () => asked.at(-1) as Asked
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve))
const outcome = (promise: Promise<unknown>) => promise.then(() => 'answered', (error: unknown) => error)

beforeEach(async () => {
  asked = []
  vi.stubGlobal('fetch', ask)
  setActivePinia(createPinia())
  const entered = useSession().login({ login: 'anna', password: 'x' })
  last().answer(200, me())
  await entered
  asked = []
})

test('what is being read when somebody logs out is let go, and nothing more is asked', async () => {
  const read = outcome(request('GET', 'calls/a.1'))
  const out = useSession().logout()
  expect(asked[0]?.signal.aborted).toBe(true)
  const late = outcome(request('GET', 'tickets'))
  last().answer(204)
  await out
  expect([await read, await late].map((error) => error instanceof Left)).toEqual([true, true])
  expect(await outcome(request('PATCH', 'tickets/7', {})), 'by a page that is on its way out').toBeInstanceOf(Left)
  expect(paths()).toEqual(['/api/calls/a.1', '/api/logout'])
})

test('what is being written is written before the log-out', async () => {
  const written = outcome(request('PATCH', 'tickets/7', {}))
  const out = useSession().logout()
  await settled()
  expect(paths()).toEqual(['/api/tickets/7'])
  last().answer(200, {})
  await settled()
  expect(paths()).toEqual(['/api/tickets/7', '/api/logout'])
  last().answer(204)
  await out
  expect(await written).toBe('answered')
})

test('a log-out that did not come through ends nothing', async () => {
  const out = outcome(useSession().logout())
  last().fail()
  expect(await out).toBeInstanceOf(Unreachable)
  const read = outcome(request('GET', 'calls'))
  last().answer(200, {})
  expect(await read).toBe('answered')
})

test('the next one to log in asks as ever', async () => {
  const out = useSession().logout()
  last().answer(204)
  await out
  const entered = useSession().login({ login: 'bert', password: 'x' })
  last().answer(200, me())
  await entered
  const read = outcome(request('GET', 'calls'))
  last().answer(200, {})
  expect(await read).toBe('answered')
})
