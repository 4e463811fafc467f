/**
 * The websocket: board, pops, own call, drafts. Numbered messages are taken once and in order; after a break the server is
 * told the last number seen and sends what was missed. A page that was just loaded has seen nothing and asks from 0.
 */
import { defineStore } from 'pinia'
import { computed, nextTick, ref, shallowRef } from 'vue'
import * as api from './server'
import { learn } from './clock'
import { noPops, popEnded, popped } from './pops'
import { useSession } from './session'
import type { Board, CallMessage, ClientMessage, DraftMessage, ServerMessage } from './wire'

const FIRST_RETRY_MS = 500
const LAST_RETRY_MS = 10_000
/** A silent link is asked about: a browser is never told that its server's machine has vanished. */
const SILENCE_MS = 20_000
/** How long replayed messages may trickle in before what is left of them is shown. */
const REPLAY_MS = 150

export type Link = 'connecting' | 'up' | 'down' | 'elsewhere'

export const useLive = defineStore('live', () => {
  const session = useSession()
  const link = ref<Link>('connecting')
  const board = shallowRef<Board | null>(null)
  const pops = shallowRef(noPops)
  const call = shallowRef<CallMessage | null>(null)
  const drafts = shallowRef<readonly DraftMessage[]>([])
  const lastEnd = shallowRef<{ id: string; how: string } | null>(null)
  /** Counts how often everything has to be read again because messages were lost. */
  const lost = ref(0)
  const replaying = ref(false)

  let socket: WebSocket | null = null
  let wanted = false
  let seen = 0
  let replayedTo = 0
  let retry = FIRST_RETRY_MS
  let retryTimer = 0
  let silenceTimer = 0
  let replayTimer = 0

  /** What rings and may be shown: not while an old stretch of the stream is being replayed. */
  const ringing = computed(() => (replaying.value ? [] : pops.value.ringing))

  function send(message: ClientMessage): void {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message))
  }

  /** After the paint that shows it; a tab in the background paints nothing and says only that it has the message. */
  async function acknowledge(seq: number, receivedAt: number | null): Promise<void> {
    await nextTick()
    if (receivedAt === null || document.visibilityState !== 'visible') return send({ type: 'ack', seq, shown_ms: null })
    requestAnimationFrame(() => {
      const painted = new MessageChannel() // its message comes after the frame is painted
      painted.port1.addEventListener('message', () => send({ type: 'ack', seq, shown_ms: Math.round(performance.now() - receivedAt) }))
      painted.port1.start()
      painted.port2.postMessage(null)
    })
  }

  function numbered(seq: number): boolean {
    if (seq <= seen) return false
    seen = seq
    return true
  }

  function hello(at: string, seq: number, isLost: boolean | undefined): void {
    learn(at)
    link.value = 'up'
    retry = FIRST_RETRY_MS
    if (isLost) {
      pops.value = noPops
      lost.value++
      seen = 0
    }
    replayedTo = seq
    replaying.value = seq > seen
    window.clearTimeout(replayTimer)
    replayTimer = window.setTimeout(() => (replaying.value = false), REPLAY_MS)
  }

  function take(message: ServerMessage, receivedAt: number): void {
    switch (message.type) {
      case 'hello':
        return hello(message.at, message.seq, message.lost)
      case 'board':
        learn(message.at)
        board.value = message.board
        replaying.value = false // what is replayed comes before the first snapshot
        return
      case 'bye':
        if (message.code === 'elsewhere') link.value = 'elsewhere'
        if (message.code === 'session_ended') void session.load().catch(() => false)
        retry = Math.max(message.retry_ms, FIRST_RETRY_MS)
        return
    }
    if (!numbered(message.seq)) return
    const replayed = message.seq <= replayedTo
    switch (message.type) {
      case 'pop':
        pops.value = popped(pops.value, message.card)
        break
      case 'pop_end':
        pops.value = popEnded(pops.value, message.id)
        lastEnd.value = { id: message.id, how: message.how }
        break
      case 'call':
        call.value = message
        break
      case 'draft':
        drafts.value = [...drafts.value.filter((other) => other.ticket_id !== message.ticket_id), message].slice(-20)
        break
    }
    void acknowledge(message.seq, message.type === 'pop' && !replayed ? receivedAt : null)
    if (seen >= replayedTo) replaying.value = false
  }

  function listenForSilence(): void {
    window.clearTimeout(silenceTimer)
    silenceTimer = window.setTimeout(() => {
      api.health().then(listenForSilence, () => socket?.close())
    }, SILENCE_MS)
  }

  function open(): void {
    window.clearTimeout(retryTimer)
    if (!wanted || socket) return
    if (link.value !== 'down') link.value = 'connecting'
    const mine = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/live`)
    socket = mine
    mine.addEventListener('open', () => {
      send({ type: 'resume', since: seen })
      listenForSilence()
    })
    mine.addEventListener('message', (event) => {
      const receivedAt = performance.now()
      listenForSilence()
      take(JSON.parse(event.data as string) as ServerMessage, receivedAt)
    })
    mine.addEventListener('close', () => closed(mine))
  }

  function closed(which: WebSocket): void {
    if (socket !== which) return
    socket = null
    window.clearTimeout(silenceTimer)
    if (!wanted || link.value === 'elsewhere') return
    link.value = 'down'
    // half fixed, half at random: after a restart not everybody comes back in the same moment
    retryTimer = window.setTimeout(open, retry / 2 + (Math.random() * retry) / 2)
    retry = Math.min(retry * 2, LAST_RETRY_MS)
  }

  function start(): void {
    wanted = true
    open()
  }

  function stop(): void {
    wanted = false
    window.clearTimeout(retryTimer)
    const old = socket
    socket = null
    old?.close()
    seen = 0
    link.value = 'connecting'
    board.value = null
    pops.value = noPops
    call.value = null
    drafts.value = []
  }

  /** At once: the network is back, or the person asks for it. */
  function reconnect(): void {
    if (link.value === 'elsewhere') link.value = 'down'
    retry = FIRST_RETRY_MS
    wanted = true
    open()
  }

  function heard(ticket: number): void {
    if (!drafts.value.some((draft) => draft.ticket_id === ticket)) return
    drafts.value = drafts.value.filter((draft) => draft.ticket_id !== ticket)
  }

  window.addEventListener('online', () => wanted && reconnect())
  window.addEventListener('offline', () => socket?.close())
  return { link, board, pops, ringing, call, drafts, lastEnd, lost, replaying, start, stop, reconnect, heard }
})
