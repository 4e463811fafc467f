/** The browser's end of the stream against a scripted server. */
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, test, vi } from 'vitest'
import { request } from '../src/kit/http'
import { useLive } from '../src/kit/live'
import { useSession } from '../src/kit/session'
import type { Me, ServerMessage } from '../src/kit/wire'
import { useTalk } from '../src/telephone/talk'
import { board, card, me } from './made'

const AT = '2026-11-23T12:00:00Z'
let sockets: FakeSocket[] = []
/** Who the server says we are when asked; null: nobody any more. */
let known: Me | null = me()

class FakeSocket extends EventTarget {
  static OPEN = 1
  readyState = 1
  sent: unknown[] = []
  constructor() {
    super()
    sockets.push(this)
  }
  send(text: string): void {
    this.sent.push(JSON.parse(text))
  }
  /** As Chromium does with a dead peer: nothing is told for a minute. */
  close(): void {
    this.readyState = 2
  }
  /** The other side, or the browser itself, ends it. */
  end(): void {
    this.readyState = 3
    this.dispatchEvent(new Event('close'))
  }
  say(...messages: ServerMessage[]): void {
    for (const message of messages) this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(message) }))
  }
}

const hello = (seq: number, lost = false, epoch = 1): ServerMessage => ({ type: 'hello', at: AT, epoch, seq, lost })
const pop = (seq: number, id = card().id): ServerMessage => ({ type: 'pop', seq, sent_at: AT, card: card({ id }) })
const popEnd = (seq: number, id = card().id, given: object = {}): ServerMessage => ({
  type: 'pop_end', seq, id, how: 'no_answer', at: new Date().toISOString(), number: '13800138000', name: '', ...given,
})
const bye = (code: string): ServerMessage => ({ type: 'bye', code, retry_ms: 5000 })
const talking = (seq: number, given: object = {}): ServerMessage => ({
  type: 'call', seq, call_id: 'a.1', phase: 'talking', since: AT, ticket_id: 7, ...given,
})

function connect() {
  useSession().me = known
  const live = useLive()
  live.start()
  const socket = last()
  socket.dispatchEvent(new Event('open'))
  return { live, socket }
}

function last(): FakeSocket {
  const socket = sockets.at(-1)
  if (!socket) throw new Error('no connection was opened')
  return socket
}

function answer(status: number, body: unknown): Response {
  return new Response(JSON.stringify(body), { status })
}

beforeEach(() => {
  vi.useFakeTimers()
  sockets = []
  known = me()
  vi.stubGlobal('WebSocket', FakeSocket)
  vi.stubGlobal('fetch', async () => (known ? answer(200, known) : answer(401, { code: 'not_logged_in' })))
  setActivePinia(createPinia())
})

test('a page just loaded asks from the beginning', () => {
  expect(connect().socket.sent).toEqual([{ type: 'resume', since: 0 }])
})

test('after a break the server is told the last number seen', async () => {
  const { socket } = connect()
  socket.say(hello(5), pop(6))
  socket.end()
  await vi.advanceTimersByTimeAsync(1000)
  last().dispatchEvent(new Event('open'))
  expect(last().sent).toEqual([{ type: 'resume', since: 6 }])
})

test('a message told twice counts once', () => {
  const { live, socket } = connect()
  socket.say(hello(5), pop(6), popEnd(7), pop(6))
  expect(live.ringing).toEqual([])
})

test('a live pop is shown at once', () => {
  const { live, socket } = connect()
  socket.say(hello(5), pop(6))
  expect(live.ringing.map((one) => one.id)).toEqual([card().id])
})

test('a pop whose end follows in the replay is never seen', () => {
  const { live, socket } = connect()
  socket.say(hello(7), pop(6))
  expect(live.ringing).toEqual([])
  socket.say(popEnd(7))
  expect(live.ringing).toEqual([])
})

test('a replayed pop that still rings is shown after the replay', () => {
  const { live, socket } = connect()
  socket.say(hello(7), pop(6))
  vi.advanceTimersByTime(200)
  expect(live.ringing).toHaveLength(1)
})

test('when the place in the stream is gone everything is read again; old pops and the old call go', async () => {
  const { live, socket } = connect()
  socket.say(hello(5), pop(6), talking(7))
  socket.end()
  await vi.advanceTimersByTimeAsync(1000)
  last().say(hello(900, true))
  expect(live.lost).toBe(1)
  expect(live.ringing).toEqual([])
  expect(live.call).toBeNull()
  expect(live.pops.byCall[card().call_id], 'who the running call is with').toBeDefined()
})

test('every numbered message is acknowledged; one that nobody painted without a time', async () => {
  const { socket } = connect()
  socket.say(hello(5), pop(6))
  await vi.advanceTimersByTimeAsync(0)
  expect(socket.sent.at(-1)).toEqual({ type: 'ack', seq: 6, shown_ms: null })
})

test('returning browsers wait longer each time, up to ten seconds', async () => {
  const { live, socket } = connect()
  socket.end()
  for (let tries = 0; tries < 8; tries++) {
    await vi.advanceTimersByTimeAsync(10_000)
    last().end()
  }
  const before = sockets.length
  await vi.advanceTimersByTimeAsync(4999)
  expect(sockets.length).toBe(before)
  expect(live.link).toBe('down')
  await vi.advanceTimersByTimeAsync(5001)
  expect(sockets.length).toBe(before + 1)
})

test('a silent socket is asked, and kept when it answers', async () => {
  const { live, socket } = connect()
  socket.say(hello(5), pop(6))
  await vi.advanceTimersByTimeAsync(20_000)
  expect(socket.sent.at(-1)).toEqual({ type: 'resume', since: 6 })
  socket.say(hello(6))
  await vi.advanceTimersByTimeAsync(10_000)
  expect([live.link, sockets.length]).toEqual(['up', 1])
})

test('a socket that does not answer is down at once, whether or not it takes part in the closing', async () => {
  const { live, socket } = connect()
  socket.say(hello(5))
  await vi.advanceTimersByTimeAsync(25_000)
  expect([live.link, socket.readyState]).toEqual(['down', 2])
  await vi.advanceTimersByTimeAsync(1000)
  expect(sockets.length).toBe(2)
  last().say(hello(5))
  socket.say(pop(6))
  socket.end()
  expect([live.link, live.ringing], 'what the old socket still says').toEqual(['up', []])
})

test('a socket that never opens is given up', async () => {
  useSession().me = known
  useLive().start()
  last().readyState = 0
  await vi.advanceTimersByTimeAsync(6000)
  expect(sockets.length).toBe(2)
})

test('trying again now does not wait for a socket that is still on its way', async () => {
  const { live, socket } = connect()
  socket.end()
  await vi.advanceTimersByTimeAsync(1000)
  last().readyState = 0
  live.reconnect()
  await vi.advanceTimersByTimeAsync(0)
  expect(sockets.length).toBe(3)
})

test('logged out in another tab: the session has ended, and nothing is tried again', async () => {
  const { socket } = connect()
  socket.say(hello(5))
  known = null
  socket.say(bye('session_ended'))
  socket.end()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(useSession().ended).toBe(true)
  expect(sockets.length).toBe(1)
})

test('who logs out is not told that the session has ended, though the socket says it first', async () => {
  const { socket } = connect()
  socket.say(hello(5))
  let done = () => {}
  const whoami = fetch
  const asked: string[] = []
  vi.stubGlobal('fetch', (path: string) => (asked.push(path), path === '/api/logout' ? new Promise((ok) => (done = () => ok(new Response(null, { status: 204 })))) : whoami(path)))
  const leaving = useSession().logout()
  known = null
  socket.say(bye('session_ended'))
  socket.end()
  await vi.advanceTimersByTimeAsync(100)
  done()
  await leaving
  expect([useSession().ended, useSession().me, asked]).toEqual([false, null, ['/api/logout']])
})

/** The answer to the log-out is held back until `answered` is called with it, or with what becomes of it. */
function loggingOut() {
  let answered: (how: Response | Promise<Response>) => void = () => {}
  const whoami = fetch
  vi.stubGlobal('fetch', (path: string) => (path === '/api/logout' ? new Promise((ok) => (answered = ok)) : whoami(path)))
  const over = useSession().logout().catch((error: unknown) => error)
  return { over, answered: (how: Response | Promise<Response>) => answered(how) }
}

test('a log-out that never arrived leaves the stream to come back', async () => {
  const { live, socket } = connect()
  socket.say(hello(5))
  const { over, answered } = loggingOut()
  socket.end()
  await vi.advanceTimersByTimeAsync(1000)
  answered(Promise.reject(new TypeError('network')))
  expect(await over).toBeInstanceOf(Error)
  await vi.advanceTimersByTimeAsync(4000)
  expect([sockets.length, useSession().me?.name]).toEqual([2, 'Li Ting'])
  last().say(hello(5))
  expect(live.link).toBe('up')
})

test('who logs out of a session that had ended already is out, and not told so', async () => {
  connect()
  const { over, answered } = loggingOut()
  answered(answer(401, { code: 'not_logged_in' }))
  await over
  expect([useSession().me, useSession().ended]).toEqual([null, false])
})

test('what is refused while one logs out is no end of the session', async () => {
  connect()
  const { over, answered } = loggingOut()
  known = null
  await request('GET', 'calls').catch(() => undefined)
  answered(new Response(null, { status: 204 }))
  await over
  expect(useSession().ended).toBe(false)
})

test('whoever leaves takes along that the server was away', async () => {
  const session = useSession()
  session.me = known
  vi.stubGlobal('fetch', async () => Promise.reject(new TypeError('network')))
  await session.load().catch(() => false)
  expect(session.away).not.toBeNull()
  session.leave()
  expect(session.away).toBeNull()
})

test('somebody else logged in in another tab: their stream is not taken under this name', async () => {
  const { socket } = connect()
  socket.say(hello(5))
  known = me({ id: 3, name: 'Wang Wu' })
  socket.end()
  await vi.advanceTimersByTimeAsync(60_000)
  expect([useSession().ended, useSession().me?.name, sockets.length]).toEqual([true, 'Li Ting', 1])
})

const pushed = (n: number, epoch = 1): ServerMessage => ({ type: 'board', at: AT, board: board('ready', { epoch, n }) })

test('the answer to a press that comes after a newer push does not undo it', () => {
  const { live, socket } = connect()
  socket.say(hello(5), pushed(7))
  live.show(board('away', { epoch: 1, n: 6 }))
  expect(live.board?.me?.state).toBe('ready')
})

test('an answer that is newer than what was pushed is shown', () => {
  const { live, socket } = connect()
  socket.say(hello(5), pushed(7))
  live.show(board('away', { epoch: 1, n: 8 }))
  expect(live.board?.me?.state).toBe('away')
})

test('after a restart of the server its first board counts, though its numbers begin anew and its clock went back', async () => {
  const { live, socket } = connect()
  socket.say(hello(5, false, 900), pushed(70, 900))
  socket.end()
  await vi.advanceTimersByTimeAsync(1000)
  last().say(hello(6, false, 800))
  live.show(board('paused', { epoch: 900, n: 71 }))
  last().say(pushed(1, 800))
  expect(live.board?.me?.state).toBe('ready')
  live.show(board('paused', { epoch: 900, n: 72 }))
  expect(live.board?.me?.state, 'what the old run still says').toBe('ready')
})

test('rings that came and went while the page was cut off are named when it is back, but not the answered', async () => {
  const { live, socket } = connect()
  socket.say(hello(5))
  socket.end()
  await vi.advanceTimersByTimeAsync(1000)
  last().say(hello(8), popEnd(6, 'a/1'), popEnd(7, 'b/2', { how: 'answered' }), popEnd(8, 'c/3', { how: 'cancelled' }))
  expect(live.missed.map((one) => one.id)).toEqual(['a/1', 'c/3'])
  live.forgetMissed()
  expect(live.missed).toEqual([])
})

test('a ring whose end comes minutes late, as to a page that slept, is named too; one that is seen to end is not', () => {
  const { live, socket } = connect()
  socket.say({ type: 'hello', at: new Date().toISOString(), epoch: 1, seq: 5, lost: false })
  socket.say(pop(6, 'a/1'), popEnd(7, 'a/1'), pop(8, 'b/2'), popEnd(9, 'b/2', { at: new Date(Date.now() - 60_000).toISOString() }))
  expect(live.missed.map((one) => one.id)).toEqual(['b/2'])
})

test('what became of the last ring is said for a minute', async () => {
  const { live, socket } = connect()
  socket.say(hello(5), pop(6), popEnd(7))
  expect(live.lastEnd?.how).toBe('no_answer')
  await vi.advanceTimersByTimeAsync(61_000)
  expect(live.lastEnd).toBeNull()
})

test.each([
  ['to the next who logs in', (live: ReturnType<typeof useLive>) => live.stop()],
  ['beside the next ring', (_: unknown, socket: FakeSocket) => socket.say(pop(8, 'b/2'))],
])('what became of the last ring is not said %s', (_, next) => {
  const { live, socket } = connect()
  socket.say(hello(5), pop(6), popEnd(7))
  next(live, socket)
  expect(live.lastEnd).toBeNull()
})

test('a hold does not bring the call\'s ticket back over the one looked at; another call brings its own', async () => {
  const talk = useTalk()
  const { socket } = connect()
  socket.say(hello(5), talking(6))
  await vi.advanceTimersByTimeAsync(0)
  expect(talk.ticketId).toBe(7)
  talk.show(3)
  socket.say(talking(7, { phase: 'held' }), talking(8))
  await vi.advanceTimersByTimeAsync(0)
  expect(talk.ticketId).toBe(3)
  socket.say(talking(9, { call_id: 'b.1', ticket_id: 8 }))
  await vi.advanceTimersByTimeAsync(0)
  expect(talk.ticketId).toBe(8)
})
