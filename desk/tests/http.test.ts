/** The door to the server while somebody logs out. */
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, test, vi } from 'vitest'
import { Left, request, Stays, Unreachable } from '../src/kit/http'
import { useSession } from '../src/kit/session'
import { usePhone } from '../src/telephone/phone'
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
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve))
/** What an answer leads to has happened: a log-out waits a turn of its own for it. */
const settled = () => turn().then(turn)
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

test('what follows on a write is written too, as a confirmation on what was typed before it', async () => {
  const confirmed = outcome(request('PATCH', 'tickets/7', {}).then(() => request('POST', 'tickets/7/confirm', {})))
  const out = useSession().logout()
  expect(await outcome(request('GET', 'tickets'))).toBeInstanceOf(Left)
  last().answer(200, {})
  await settled()
  expect(paths()).toEqual(['/api/tickets/7', '/api/tickets/7/confirm'])
  last().answer(200, {})
  await settled()
  expect(paths().at(-1)).toBe('/api/logout')
  last().answer(204)
  await out
  expect(await confirmed).toBe('answered')
})

test('writes that never end put the log-out off no longer than one of them may take', async () => {
  const time = vi.spyOn(performance, 'now').mockReturnValue(0)
  const again = () => request('POST', 'me/state', {})
  void outcome(again().then(again).then(again))
  const out = useSession().logout()
  last().answer(200, {})
  time.mockReturnValue(16_000)
  await settled()
  expect(paths()).toEqual(['/api/me/state', '/api/me/state'])
  last().answer(200, {})
  await settled()
  expect(paths().at(-1)).toBe('/api/logout')
  last().answer(204)
  await out
})

test('who takes a call while something is being written stays, and goes on asking', async () => {
  const phone = usePhone()
  void outcome(request('PATCH', 'tickets/7', {}))
  const out = outcome(useSession().logout())
  phone.phase = 'talking'
  last().answer(200, {})
  expect(await out).toBeInstanceOf(Stays)
  expect([paths(), useSession().me?.login, useSession().ended]).toEqual([['/api/tickets/7'], 'liting', false])
  const read = outcome(request('GET', 'calls'))
  last().answer(200, {})
  expect(await read).toBe('answered')
})

test('a call taken while the server is asked is finished before the page is left', async () => {
  const phone = usePhone()
  const out = useSession().logout()
  phone.phase = 'connecting'
  last().answer(204)
  await out
  expect([useSession().me?.login, useSession().ended]).toEqual(['liting', true])
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
