/**
 * The websocket: board, pops, own call, drafts. Numbered messages are taken once and in order; after a break the server is
 * told the last number seen and sends what was missed. A page that was just loaded has seen nothing and asks from 0.
 */
import { defineStore } from 'pinia'
import { computed, nextTick, ref, shallowRef } from 'vue'
import { learn, now } from './clock'
import { supersedes } from './newest'
import { noPops, popEnded, popped } from './pops'
import { useSession } from './session'
import { onWake } from './wake'
import type { Board, CallMessage, ChangedThing, ClientMessage, DraftMessage, HandsetMessage, ServerMessage, Wire } from './wire'

const FIRST_RETRY_MS = 500
const LAST_RETRY_MS = 10_000
/** A silent link is asked: a browser is never told that its server's machine has vanished. */
const SILENCE_MS = 20_000
/** The server answers `resume` at once; what takes longer is dead. Opening takes no longer either. */
const ANSWER_MS = 5_000
/** How long replayed messages may trickle in before what is left of them is shown. */
const REPLAY_MS = 150
/** How long the page says what became of the last ring. */
const LAST_END_MS = 60_000
/** A ring whose end is heard of so much later was not seen here. */
const UNSEEN_MS = 5_000
/** What a page keeps of the rings it slept through; more are a number. */
const MISSED = 50

/** A ring that came and went while the page slept or had no link. */
export type Missed = Pick<Wire<'PopEndMessage'>, 'id' | 'at' | 'number' | 'name'>

/** Hears which things have changed. */
export type Heed = (things: readonly ChangedThing[]) => unknown

export type Link = 'connecting' | 'up' | 'down'

export const useLive = defineStore('live', () => {
  const session = useSession()
  const link = ref<Link>('connecting')
  const shown = shallowRef<Board | null>(null)
  const pops = shallowRef(noPops)
  const call = shallowRef<CallMessage | null>(null)
  const drafts = shallowRef<readonly DraftMessage[]>([])
  const lastEnd = shallowRef<{ id: string; how: string } | null>(null)
  /** Newest last. */
  const missed = shallowRef<readonly Missed[]>([])
  /** Counts how often everything has to be read again because messages were lost. */
  const lost = ref(0)
  const replaying = ref(false)
  /** Counts how often the server said that what is known of this person has changed. */
  const changes = ref(0)
  /** The server's newest word on where the page's telephone is; each message is another object. */
  const handset = shallowRef<HandsetMessage | null>(null)
  /** Who else shows the case that this page shows; the server's newest word. */
  const beside = shallowRef<Wire<'LookingMessage'> | null>(null)

  /** Changed by `show` alone. */
  const board = computed(() => shown.value)

  const heeding = new Set<Heed>()

  let socket: WebSocket | null = null
  let wanted = false
  /** The run of the server that the stream comes from; 0: none has spoken yet. */
  let epoch = 0
  let seen = 0
  let replayedTo = 0
  let retry = FIRST_RETRY_MS
  let retryTimer = 0
  let silenceTimer = 0
  let replayTimer = 0
  let lastEndTimer = 0

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
      painted.port1.onmessage = () => {
        painted.port1.close()
        send({ type: 'ack', seq, shown_ms: Math.round(performance.now() - receivedAt) })
      }
      painted.port2.postMessage(null)
    })
  }

  function numbered(seq: number): boolean {
    if (seq <= seen) return false
    seen = seq
    return true
  }

  /** A board, pushed or answered: whatever way it came, none takes the place of a newer one. */
  function show(fresh: Board): void {
    if (supersedes(fresh.version, shown.value?.version ?? null, epoch)) shown.value = fresh
  }

  function hello(at: string, of: number, seq: number, isLost: boolean): void {
    learn(at)
    epoch = of
    link.value = 'up'
    retry = FIRST_RETRY_MS
    if (isLost) {
      // what still goes on is told again; who the running call is with may be known only here
      pops.value = { ...noPops, byCall: pops.value.byCall }
      call.value = null
      drafts.value = []
      lost.value++
      seen = 0
    }
    replayedTo = seq
    replaying.value = seq > seen
    window.clearTimeout(replayTimer)
    replayTimer = window.setTimeout(() => (replaying.value = false), REPLAY_MS)
  }

  function sayEnd(end: { id: string; how: string } | null): void {
    window.clearTimeout(lastEndTimer)
    lastEnd.value = end
    if (end) lastEndTimer = window.setTimeout(() => (lastEnd.value = null), LAST_END_MS)
  }

  function take(message: ServerMessage, receivedAt: number): void {
    switch (message.type) {
      case 'hello':
        return hello(message.at, message.epoch, message.seq, message.lost)
      case 'board':
        learn(message.at)
        show(message.board)
        replaying.value = false // what is replayed comes before the first snapshot
        return
      case 'changed':
        for (const heed of heeding) heed(message.things)
        return
      case 'looking':
        return void (beside.value = message)
      case 'handset':
        return void (handset.value = message)
      case 'bye':
        // whether it was the session that ended is asked before coming back: see `comeBack`
        retry = message.code === 'session_ended' ? 0 : Math.max(message.retry_ms, FIRST_RETRY_MS)
        return
    }
    if (!numbered(message.seq)) return
    const replayed = message.seq <= replayedTo
    switch (message.type) {
      case 'pop':
        pops.value = popped(pops.value, message.card)
        sayEnd(null)
        break
      case 'pop_end':
        pops.value = popEnded(pops.value, message.id)
        sayEnd({ id: message.id, how: message.how })
        if (message.how !== 'answered' && (replayed || now() - Date.parse(message.at) > UNSEEN_MS)) missed.value = [...missed.value, message].slice(-MISSED)
        break
      case 'call':
        call.value = message
        break
      case 'me':
        changes.value++
        break
      case 'draft':
        drafts.value = [...drafts.value.filter((other) => other.ticket_id !== message.ticket_id), message].slice(-20)
        break
    }
    void acknowledge(message.seq, message.type === 'pop' && !replayed ? receivedAt : null)
    if (seen >= replayedTo) replaying.value = false
  }

  /** Anything the server says within the limit keeps the socket. */
  function expectWord(): void {
    window.clearTimeout(silenceTimer)
    silenceTimer = window.setTimeout(cut, ANSWER_MS)
  }

  function ask(): void {
    send({ type: 'resume', since: seen })
    expectWord()
  }

  function open(): void {
    window.clearTimeout(retryTimer)
    if (!wanted || socket) return
    if (link.value !== 'down') link.value = 'connecting'
    const mine = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/live`)
    socket = mine
    expectWord()
    mine.addEventListener('open', () => socket === mine && ask())
    mine.addEventListener('message', (event) => {
      if (socket !== mine) return
      const receivedAt = performance.now()
      window.clearTimeout(silenceTimer)
      silenceTimer = window.setTimeout(ask, SILENCE_MS)
      take(JSON.parse(event.data as string) as ServerMessage, receivedAt)
    })
    mine.addEventListener('close', () => socket === mine && cut())
  }

  function drop(): void {
    window.clearTimeout(silenceTimer)
    window.clearTimeout(retryTimer)
    const old = socket
    socket = null
    old?.close()
  }

  /** Down at once: a browser may wait a minute for the other side to take part in the closing. */
  function cut(): void {
    drop()
    if (!wanted) return
    link.value = 'down'
    // half fixed, half at random: after a restart not everybody comes back in the same moment
    retryTimer = window.setTimeout(() => void comeBack(), retry / 2 + (Math.random() * retry) / 2)
    retry = Math.min(Math.max(retry, FIRST_RETRY_MS) * 2, LAST_RETRY_MS)
  }

  /** The cookie may be somebody else's by now, or nobody's: the stream is taken up only where the session still is. */
  async function comeBack(): Promise<void> {
    if (await session.load().catch(() => false)) open()
    // no answer either, or nobody is asked while a log-out is under way, which may fail: later
    else if (!session.ended && !socket) cut()
  }

  function start(): void {
    wanted = true
    open()
  }

  function stop(): void {
    wanted = false
    drop()
    seen = 0
    link.value = 'connecting'
    shown.value = null
    epoch = 0
    pops.value = noPops
    call.value = null
    drafts.value = []
    missed.value = []
    handset.value = null
    beside.value = null
    sayEnd(null)
  }

  /** At once, whatever state the old socket is in: the network is back, or the person asks for it. */
  function reconnect(): void {
    if (!wanted) return
    if (link.value === 'up') return ask()
    retry = FIRST_RETRY_MS
    drop()
    void comeBack()
  }

  const forgetMissed = () => void (missed.value = [])

  function heard(ticket: number): void {
    if (!drafts.value.some((draft) => draft.ticket_id === ticket)) return
    drafts.value = drafts.value.filter((draft) => draft.ticket_id !== ticket)
  }

  /** Until the returned is called. */
  function heed(act: Heed): () => void {
    heeding.add(act)
    return () => void heeding.delete(act)
  }

  onWake(reconnect)
  window.addEventListener('offline', () => socket && cut())
  return { link, board, pops, ringing, call, drafts, lastEnd, missed, lost, replaying, changes, handset, beside, heed, send, show, start, stop, reconnect, heard, forgetMissed }
})
