/** The browser's end of the stream against a scripted server. */
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, test, vi } from 'vitest'
import { useLive } from '../src/live'
import type { ServerMessage } from '../src/wire'
import { card } from './made'

const AT = '2026-11-23T12:00:00Z'
let sockets: FakeSocket[] = []

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
  close(): void {
    this.readyState = 3
    this.dispatchEvent(new Event('close'))
  }
  say(...messages: ServerMessage[]): void {
    for (const message of messages) this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(message) }))
  }
}

const hello = (seq: number, lost = false): ServerMessage => ({ type: 'hello', at: AT, seq, lost })
const pop = (seq: number, id = card().id): ServerMessage => ({ type: 'pop', seq, sent_at: AT, card: card({ id }) })
const popEnd = (seq: number, id = card().id): ServerMessage => ({ type: 'pop_end', seq, id, how: 'no_answer' })

function connect() {
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

beforeEach(() => {
  vi.useFakeTimers()
  sockets = []
  vi.stubGlobal('WebSocket', FakeSocket)
  setActivePinia(createPinia())
})

test('a page just loaded asks from the beginning', () => {
  expect(connect().socket.sent).toEqual([{ type: 'resume', since: 0 }])
})

test('after a break the server is told the last number seen', () => {
  const { socket } = connect()
  socket.say(hello(5), pop(6))
  socket.close()
  vi.advanceTimersByTime(1000)
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

test('when the place in the stream is gone everything is read again and old pops go', () => {
  const { live, socket } = connect()
  socket.say(hello(5), pop(6))
  socket.close()
  vi.advanceTimersByTime(1000)
  last().say(hello(900, true))
  expect(live.lost).toBe(1)
  expect(live.ringing).toEqual([])
})

test('every numbered message is acknowledged; one that nobody painted without a time', async () => {
  const { socket } = connect()
  socket.say(hello(5), pop(6))
  await vi.advanceTimersByTimeAsync(0)
  expect(socket.sent.at(-1)).toEqual({ type: 'ack', seq: 6, shown_ms: null })
})

test('returning browsers wait longer each time, up to ten seconds', () => {
  const { live, socket } = connect()
  socket.close()
  for (let tries = 0; tries < 8; tries++) {
    vi.advanceTimersByTime(10_000)
    last().close()
  }
  const before = sockets.length
  vi.advanceTimersByTime(4999)
  expect(sockets.length).toBe(before)
  expect(live.link).toBe('down')
  vi.advanceTimersByTime(5001)
  expect(sockets.length).toBe(before + 1)
})
