/** The softphone against a scripted switch: JsSIP and the browser's sound are stand-ins, everything of ours is real. */
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, test, vi } from 'vitest'
import { useLive } from '../src/kit/live'
import { useSession } from '../src/kit/session'
import type { HandsetMessage, PopCard } from '../src/kit/wire'
import { usePhone } from '../src/telephone/phone'
import { FakeLocks } from './locks'
import { board, card, me } from './made'

const sip = vi.hoisted(() => ({ lines: [] as FakeLine[] }))

class Emitter {
  handlers: Record<string, ((event: unknown) => void)[]> = {}
  on(name: string, handler: (event: never) => void): void {
    ;(this.handlers[name] ??= []).push(handler as (event: unknown) => void)
  }
  emit(name: string, event: unknown = {}): void {
    for (const handler of this.handlers[name] ?? []) handler(event)
  }
  removeAllListeners(): void {
    this.handlers = {}
  }
}

class FakeLine extends Emitter {
  stopped = false
  constructor(readonly settings: { no_answer_timeout: number }) {
    super()
  }
  start(): void {
    sip.lines.push(this)
  }
  stop(): void {
    this.stopped = true
  }
  /** What was dialled, with the call that was made of it. */
  dialled: { target: string; session: FakeSession }[] = []
  call(target: string): FakeSession {
    const session = new FakeSession()
    session.direction = 'outgoing'
    this.dialled.push({ target, session })
    this.emit('newRTCSession', { session })
    return session
  }
}
vi.mock('jssip', () => ({ UA: FakeLine, WebSocketInterface: class {} }))

class FakeSession extends Emitter {
  direction = 'incoming'
  remote_identity = { uri: { user: '13800138000' }, display_name: '' }
  sender = { track: null as FakeTrack | null, replaceTrack: async (track: FakeTrack) => void (this.sender.track = track) }
  connection = Object.assign(new EventTarget(), { getSenders: () => [this.sender] })
  refers: Record<string, () => void>[] = []
  ended = false
  refused = 0
  holds = 0
  answer({ mediaStream }: { mediaStream: FakeStream }): void {
    this.sender.track = mediaStream.track
    this.emit('confirmed')
  }
  mute(): void {
    if (this.sender.track) this.sender.track.enabled = false
  }
  /** The switch's answers to what it was asked about hold, as JsSIP takes them: its event comes with the asking. */
  agree: (() => void)[] = []
  hold(_?: object, done: () => void = () => undefined): boolean {
    this.holds++
    this.emit('hold', { originator: 'local' })
    this.agree.push(done)
    return true
  }
  unhold(_?: object, done: () => void = () => undefined): boolean {
    this.emit('unhold', { originator: 'local' })
    this.agree.push(done)
    return true
  }
  refer(_: string, { eventHandlers }: { eventHandlers: Record<string, () => void> }): void {
    this.refers.push(eventHandlers)
  }
  isEnded(): boolean {
    return this.ended
  }
  terminate(how?: { status_code: number }): void {
    this.ended = true
    this.refused = how?.status_code ?? 0
    this.emit('ended', { cause: 'Terminated' })
  }
}

class FakeTrack extends EventTarget {
  kind = 'audio'
  enabled = true
  readyState = 'live'
  stop(): void {
    this.readyState = 'ended'
  }
  unplug(): void {
    this.stop()
    this.dispatchEvent(new Event('ended'))
  }
}

class FakeStream {
  track = new FakeTrack()
  getTracks = () => [this.track]
  getAudioTracks = () => [this.track]
}

class FakeSound {
  state = 'running'
  createMediaStreamSource = () => ({ connect() {}, disconnect() {} })
  createAnalyser = () => ({ fftSize: 0, getFloatTimeDomainData() {} })
  createOscillator = () => ({ frequency: {}, connect: () => ({ connect() {} }), start: () => void rung++, stop() {} })
  createGain = () => ({ gain: { setValueAtTime() {}, linearRampToValueAtTime() {}, exponentialRampToValueAtTime() {} } })
}

let microphones: FakeStream[]
let openMicrophone: () => Promise<FakeStream>
let plugs: EventTarget
let rung: number
const PHONE = { ws_url: 'ws://127.0.0.1/ws', uri: 'sip:1007@tingsu', extension: '1007', password: 'x', realm: 'tingsu', ring_limit: 25 }

async function newMicrophone(): Promise<FakeStream> {
  const stream = new FakeStream()
  microphones.push(stream)
  return stream
}

beforeEach(() => {
  vi.useFakeTimers()
  sip.lines = []
  microphones = []
  rung = 0
  openMicrophone = newMicrophone
  plugs = new EventTarget()
  const devices = Object.assign(plugs, { getUserMedia: () => openMicrophone(), enumerateDevices: async () => [] })
  vi.stubGlobal('navigator', { language: 'en', locks: new FakeLocks(), mediaDevices: devices })
  vi.stubGlobal('isSecureContext', true)
  vi.stubGlobal('AudioContext', FakeSound)
  vi.stubGlobal('Audio', class { play = async () => {} })
  vi.stubGlobal('fetch', async () => new Response(JSON.stringify(PHONE)))
  setActivePinia(createPinia())
})

const soon = () => vi.advanceTimersByTimeAsync(50)
const lastLine = () => sip.lines.at(-1) as FakeLine

/** The server's word on where the phone is; here: it is registered. */
async function granted(place: HandsetMessage['place'] = 'here'): Promise<void> {
  await soon()
  useLive().handset = { type: 'handset', place }
  await vi.dynamicImportSettled()
  await soon()
}

async function registered() {
  useSession().me = me()
  const phone = usePhone()
  await phone.register()
  await granted()
  lastLine().emit('registered')
  return phone
}

async function ringing() {
  const phone = await registered()
  const session = new FakeSession()
  lastLine().emit('newRTCSession', { session })
  return { phone, session, line: lastLine() }
}

async function talking() {
  const made = await ringing()
  await made.phone.answer()
  expect(made.phone.phase).toBe('talking')
  return made
}

test('the line is never made anew in a call, however long it is down and whoever asks; it is after the call', async () => {
  const { phone, session, line } = await talking()
  line.emit('disconnected')
  await phone.register()
  await vi.advanceTimersByTimeAsync(120_000)
  expect([sip.lines.length, line.stopped, session.ended]).toEqual([1, false, false])
  session.terminate()
  await soon()
  expect([sip.lines.length, line.stopped]).toEqual([2, true])
})

test('a ring whose line breaks is over at once, for no answer can be sent to it any more', async () => {
  const { phone, session, line } = await ringing()
  line.emit('disconnected')
  expect([phone.phase, session.ended]).toEqual(['idle', true])
  await vi.advanceTimersByTimeAsync(2500)
  expect(sip.lines.length).toBe(2)
})

test('a ring whose line breaks while the person is asked for the microphone is over too', async () => {
  const { phone, session, line } = await ringing()
  openMicrophone = () => new Promise(() => {})
  void phone.answer()
  await soon()
  expect(phone.phase).toBe('connecting')
  line.emit('disconnected')
  expect([phone.phase, session.ended]).toEqual(['idle', true])
})

test('an answered call whose line breaks goes on', async () => {
  const { phone, session, line } = await talking()
  line.emit('disconnected')
  expect([phone.phase, session.ended]).toEqual(['talking', false])
})

/** The server's word that it rings, and that it does not any more. */
function cards(...ringing: PopCard[]): void {
  useLive().pops = { ringing, over: [], byCall: {} }
}

async function ringingWithCard() {
  const made = await ringing()
  useLive().link = 'up'
  cards(card())
  await soon()
  return made
}

test('a ring whose card is over is over, though the line told nothing of it', async () => {
  const { phone, session } = await ringingWithCard()
  cards()
  await vi.advanceTimersByTimeAsync(1900)
  expect([phone.phase, session.ended]).toEqual(['ringing', false])
  await vi.advanceTimersByTimeAsync(300)
  expect([phone.phase, session.ended]).toEqual(['idle', true])
})

test('a ring offered again in the place of the one that ended goes on', async () => {
  const { phone, session } = await ringingWithCard()
  cards()
  await vi.advanceTimersByTimeAsync(1000)
  cards(card({ id: 'a/2' }))
  await vi.advanceTimersByTimeAsync(10_000)
  expect([phone.phase, session.ended]).toEqual(['ringing', false])
})

test.each([
  ['a colleague whose call has no card', async () => cards()],
  ['a caller, whatever is no longer heard of the cards', async () => void ((useLive().link = 'down'), cards())],
])('%s goes on ringing', async (_, then) => {
  const { phone } = _.startsWith('a colleague') ? await ringing() : await ringingWithCard()
  await then()
  await vi.advanceTimersByTimeAsync(10_000)
  expect(phone.phase).toBe('ringing')
})

test('a call that comes before the ghost of the last one is gone is not refused as busy', async () => {
  const { phone, session, line } = await ringingWithCard()
  cards()
  await soon()
  const next = new FakeSession()
  line.emit('newRTCSession', { session: next })
  expect([session.ended, next.refused, phone.phase]).toEqual([true, 0, 'ringing'])
})

test('each ring is known from the last, with or without a card', async () => {
  const { phone, session, line } = await ringing()
  const first = phone.ringId
  session.terminate()
  expect(phone.ringId).toBe('')
  line.emit('newRTCSession', { session: new FakeSession() })
  expect([first, phone.ringId].map(Boolean)).toEqual([true, true])
  expect(phone.ringId).not.toBe(first)
  cards(card({ id: 'a/1' }))
  expect(phone.ringId).toBe('a/1')
  cards()
  expect(phone.ringId, 'which the line still has').toBe('a/1')
})

test('a second call while the first truly rings is refused as busy', async () => {
  const { session, line } = await ringingWithCard()
  const next = new FakeSession()
  line.emit('newRTCSession', { session: next })
  expect([session.ended, next.refused]).toEqual([false, 486])
})

test('the switch\'s limit for a ring is the line\'s', async () => {
  await registered()
  expect(lastLine().settings.no_answer_timeout).toBe(25)
})

test('an answer that the switch never takes up does not hold the phone for long', async () => {
  const { phone, session } = await ringing()
  session.answer = () => {}
  await phone.answer()
  await vi.advanceTimersByTimeAsync(16_000)
  expect([phone.phase, session.ended]).toEqual(['idle', true])
})

/** Time that passed without this page. */
function sleep(ms: number): void {
  vi.setSystemTime(Date.now() + ms)
}

test('after a sleep the line is made anew, at once or after the call', async () => {
  await registered()
  sleep(60_000)
  await vi.advanceTimersByTimeAsync(6000)
  expect(sip.lines.length).toBe(2)
  lastLine().emit('registered')
  const session = new FakeSession()
  lastLine().emit('newRTCSession', { session })
  await usePhone().answer()
  sleep(60_000)
  await vi.advanceTimersByTimeAsync(6000)
  expect(sip.lines.length).toBe(2)
  session.terminate()
  await soon()
  expect(sip.lines.length).toBe(3)
})

/** What was asked of the server for one's own state. */
function wishes(): unknown[] {
  const asked: unknown[] = []
  vi.stubGlobal('fetch', async (path: string, init?: RequestInit) => {
    if (path === '/api/me/state') asked.push(JSON.parse(String(init?.body)))
    return new Response(JSON.stringify(path === '/api/me/state' ? board('ready', { epoch: 1, n: 9 }) : PHONE))
  })
  return asked
}

test.each([
  ['and was paused for it is ready again once the phone is back', 10_000, 1],
  ['long ago stays paused: who knows whether anybody is still there', 70_000, 0],
])('who lost a ring to the line %s', async (_, later, count) => {
  const asked = wishes()
  const { line } = await ringing()
  line.emit('disconnected')
  await vi.advanceTimersByTimeAsync(later)
  lastLine().emit('registered')
  const paused = board('paused', { epoch: 1, n: 8 })
  useLive().show({ ...paused, me: paused.me && { ...paused.me, reason: 'missed_ring' } })
  await soon()
  expect(asked).toEqual(Array(count).fill({ state: 'ready', reason: '' }))
})

const missed = () => {
  const paused = board('paused', { epoch: 1, n: 8 })
  useLive().show({ ...paused, me: paused.me && { ...paused.me, reason: 'missed_ring' } })
}

test('who took the phone over is ready again after a ring that went to the place it came from, once', async () => {
  const asked = wishes()
  const phone = await registered()
  await granted('elsewhere')
  await phone.takeHere()
  await granted()
  missed()
  lastLine().emit('registered')
  await soon()
  expect(asked).toEqual([{ state: 'ready', reason: '' }])
})

test('who had missed a ring before he took the phone over is not ready unasked', async () => {
  const asked = wishes()
  const phone = await registered()
  await granted('elsewhere')
  missed()
  await phone.takeHere()
  await granted()
  lastLine().emit('registered')
  await soon()
  expect(asked).toEqual([])
})

test('a ring that came to where the phone is now and was missed there stays missed', async () => {
  const asked = wishes()
  const phone = await registered()
  await granted('elsewhere')
  await phone.takeHere()
  await granted()
  lastLine().emit('registered')
  const session = new FakeSession()
  lastLine().emit('newRTCSession', { session })
  session.terminate()
  missed()
  await soon()
  expect(asked).toEqual([])
})

test('a registration that comes after the log-out is not made', async () => {
  useSession().me = me()
  const phone = usePhone()
  let deliver: (answer: Response) => void = () => {}
  vi.stubGlobal('fetch', () => new Promise<Response>((done) => (deliver = done)))
  void phone.register()
  await soon()
  phone.stop()
  deliver(new Response(JSON.stringify(PHONE)))
  await vi.dynamicImportSettled()
  await soon()
  expect([sip.lines.length, phone.registration]).toEqual([0, 'off'])
})

test('a muted microphone that is changed stays muted, and the old one is closed', async () => {
  const { phone, session } = await talking()
  phone.toggleMute()
  await phone.chooseMicrophone('other')
  expect(session.sender.track).toBe(microphones[1]?.track)
  expect(session.sender.track?.enabled).toBe(false)
  expect(microphones[0]?.track.readyState).toBe('ended')
})

test('a call that ends while the other microphone opens leaves none open', async () => {
  const { phone, session } = await talking()
  let deliver = () => {}
  openMicrophone = () => new Promise((done) => (deliver = () => done(newMicrophone())))
  const choosing = phone.chooseMicrophone('other')
  session.terminate()
  deliver()
  await choosing
  expect(microphones.map((one) => one.track.readyState)).toEqual(['ended', 'ended'])
})

test('a microphone that cannot be had is said, and the one in use goes on', async () => {
  const { phone, session } = await talking()
  openMicrophone = async () => Promise.reject(new DOMException('', 'NotReadableError'))
  await phone.chooseMicrophone('other')
  expect(phone.microphoneTrouble).toBe('busy')
  expect([session.sender.track?.readyState, phone.phase]).toEqual(['live', 'talking'])
})

test('a headset pulled out is replaced by what there is', async () => {
  const { session } = await talking()
  microphones[0]?.track.unplug()
  await soon()
  expect(session.sender.track).toBe(microphones[1]?.track)
})

test('a headset pulled out with none other is said, and taken again when it is plugged in', async () => {
  const { phone, session } = await talking()
  openMicrophone = async () => Promise.reject(new DOMException('', 'NotFoundError'))
  microphones[0]?.track.unplug()
  await soon()
  expect([phone.microphoneTrouble, phone.phase]).toEqual(['missing', 'talking'])
  openMicrophone = newMicrophone
  plugs.dispatchEvent(new Event('devicechange'))
  await soon()
  expect([phone.microphoneTrouble, session.sender.track?.readyState]).toEqual([null, 'live'])
})

test('a microphone allowed again is taken into the call by trying again', async () => {
  const { phone, session } = await talking()
  openMicrophone = async () => Promise.reject(new DOMException('', 'NotAllowedError'))
  microphones[0]?.track.unplug()
  await soon()
  expect(phone.microphoneTrouble).toBe('denied')
  openMicrophone = newMicrophone
  phone.retryMicrophone()
  await soon()
  expect([phone.microphoneTrouble, session.sender.track?.readyState]).toEqual([null, 'live'])
})

test('a caller is handed on as soon as it rings there, by one request however often Enter is pressed', async () => {
  const { phone, session } = await talking()
  const going = phone.transfer('1002')
  await expect(phone.transfer('1002')).rejects.toThrow()
  expect(session.refers.length).toBe(1)
  session.refers[0]?.trying?.()
  await vi.advanceTimersByTimeAsync(25_000)
  expect([session.ended, phone.transferring]).toEqual([false, true])
  session.refers[0]?.progress?.()
  await going
  expect(session.ended).toBe(true)
})

test('a refused transfer leaves the caller here', async () => {
  const { phone, session } = await talking()
  const going = phone.transfer('9999')
  session.refers[0]?.requestFailed?.()
  await expect(going).rejects.toThrow()
  expect([session.ended, phone.canHandOn]).toEqual([false, true])
})

test('a caller is on hold, and back, when the switch has agreed and not before; meanwhile nothing more is asked', async () => {
  const { phone, session } = await talking()
  for (const isHeld of [true, false]) {
    phone.toggleHold()
    phone.toggleHold()
    expect([phone.held, phone.holding, session.agree.length]).toEqual([!isHeld, true, 1])
    session.agree.pop()?.()
    expect([phone.held, phone.holding]).toEqual([isHeld, false])
  }
  phone.toggleHold()
  session.terminate() // what JsSIP does where the switch refuses
  expect([phone.held, phone.holding]).toEqual([false, false])
})

test('without a line nothing is tried that would end the call', async () => {
  const { phone, session, line } = await talking()
  line.emit('disconnected')
  phone.toggleHold()
  await expect(phone.transfer('1002')).rejects.toThrow()
  expect([session.holds, session.refers.length, phone.canHandOn]).toEqual([0, 0, false])
  line.emit('registered')
  phone.toggleHold()
  expect(session.holds).toBe(1)
})

async function testing() {
  const phone = await registered()
  await phone.testCall.start()
  const dialled = lastLine().dialled[0]
  if (!dialled) throw new Error('nothing was dialled')
  dialled.session.emit('confirmed')
  return { phone, session: dialled.session, line: lastLine(), target: dialled.target }
}

test('a test call is no call of the phone\'s, and its microphone is closed with it', async () => {
  const { phone, session, target } = await testing()
  expect([target, phone.testCall.phase, phone.phase, phone.busy]).toEqual(['sip:echo@tingsu', 'up', 'idle', false])
  phone.testCall.stop()
  expect([session.ended, phone.testCall.phase, microphones[0]?.track.readyState]).toEqual([true, 'off', 'ended'])
})

test('a call that rings during a test ends the test and can be answered', async () => {
  const { phone, session, line } = await testing()
  const caller = new FakeSession()
  line.emit('newRTCSession', { session: caller })
  expect([session.ended, phone.testCall.phase, phone.phase, caller.refused]).toEqual([true, 'off', 'ringing', 0])
  await phone.answer()
  expect([phone.phase, microphones[1]?.track.readyState]).toEqual(['talking', 'live'])
})

test('a call that rings while a test asks for the microphone leaves no test and no microphone of it', async () => {
  const phone = await registered()
  let deliver = () => {}
  openMicrophone = () => new Promise((done) => (deliver = () => done(newMicrophone())))
  const starting = phone.testCall.start()
  lastLine().emit('newRTCSession', { session: new FakeSession() })
  deliver()
  await starting
  expect([phone.testCall.phase, lastLine().dialled.length, microphones[0]?.track.readyState]).toEqual(['off', 0, 'ended'])
})

test.each([
  ['without a registration', async () => void lastLine().emit('unregistered', {})],
  ['under a call', async () => {
    lastLine().emit('newRTCSession', { session: new FakeSession() })
    await usePhone().answer()
  }],
])('no test is made %s, and that is said', async (_, given) => {
  const phone = await registered()
  await given()
  await phone.testCall.start()
  expect([phone.testCall.phase, phone.testCall.trouble !== '', lastLine().dialled.length]).toEqual(['off', true, 0])
})

test('a test without a microphone says why, and can be made again', async () => {
  const phone = await registered()
  openMicrophone = async () => Promise.reject(new DOMException('', 'NotAllowedError'))
  await phone.testCall.start()
  expect([phone.testCall.phase, phone.testCall.microphoneTrouble]).toEqual(['off', 'denied'])
  openMicrophone = newMicrophone
  await phone.testCall.start()
  expect([phone.testCall.phase, phone.testCall.microphoneTrouble]).toEqual(['calling', null])
})

test.each([
  ['refuses', (session: FakeSession) => session.emit('failed', { cause: 'Not Found' }), 0],
  ['says nothing to', () => undefined, 16_000],
])('a test that the switch %s is over, with a sentence', async (_, does, later) => {
  const phone = await registered()
  await phone.testCall.start()
  does(lastLine().dialled[0]?.session as FakeSession)
  await vi.advanceTimersByTimeAsync(later)
  expect([phone.testCall.phase, phone.testCall.trouble !== '']).toEqual(['off', true])
})

test.each([
  ['the line breaks', () => lastLine().emit('disconnected')],
  ['the phone goes to another machine', () => void (useLive().handset = { type: 'handset', place: 'elsewhere' })],
])('a test is over when %s', async (_, then) => {
  const { phone, session } = await testing()
  then()
  expect([phone.testCall.phase, session.ended]).toEqual(['off', true])
})

async function popArrives() {
  useLive().pops = { ringing: [card()], over: [], byCall: {} }
  await vi.advanceTimersByTimeAsync(200)
}

test('a pop rings in the tab that has the phone', async () => {
  await registered()
  await popArrives()
  expect(rung).toBeGreaterThan(0)
})

test('a pop does not ring in a tab without the phone, nor is it answered there', async () => {
  const other = navigator.locks.request('tingsu.phone.2', () => new Promise(() => {}))
  void other
  useSession().me = me()
  const phone = usePhone()
  await phone.register()
  await soon()
  await popArrives()
  await phone.answer()
  expect([phone.registration, phone.isRinging, rung, phone.armed]).toEqual(['elsewhere', true, 0, false])
})

/** What the page said to the server of its phone. */
function saysOf(): { act: string; busy: boolean }[] {
  const live = useLive()
  const said: { act: string; busy: boolean }[] = []
  live.send = (message) => void (message.type === 'phone' && said.push({ act: message.act, busy: message.busy ?? false }))
  live.link = 'up'
  return said
}

test('a phone that is on another machine is not registered here, and said to be there', async () => {
  useSession().me = me()
  const phone = usePhone()
  await phone.register()
  await granted('elsewhere')
  expect([phone.registration, phone.elsewhere, sip.lines.length]).toEqual(['elsewhere', expect.stringContaining('another computer'), 0])
})

test('a phone taken to another machine rings here no more; the one there registers after us', async () => {
  const phone = await registered()
  const said = saysOf()
  await granted('elsewhere')
  expect([phone.registration, lastLine().stopped, said.at(-1)?.act]).toEqual(['elsewhere', true, 'closed'])
  await popArrives()
  expect(rung).toBe(0)
})

test('taken back it is registered here', async () => {
  const phone = await registered()
  const said = saysOf()
  await granted('elsewhere')
  await phone.takeHere()
  expect(said.at(-1)?.act).toBe('take')
  await granted()
  lastLine().emit('registered')
  expect([phone.registration, sip.lines.length]).toEqual(['registered', 2])
})

test('a call on the other machine is left there, and said', async () => {
  const phone = await registered()
  await granted('elsewhere')
  await phone.takeHere()
  await granted('busy')
  expect([phone.registration, phone.trouble]).toEqual(['elsewhere', expect.stringContaining('in a call there')])
})

test('a call is not given away: the phone goes after it', async () => {
  const { phone, session } = await talking()
  await granted('elsewhere')
  expect([phone.phase, session.ended, lastLine().stopped]).toEqual(['talking', false, false])
  session.terminate()
  await soon()
  expect([phone.registration, lastLine().stopped]).toEqual(['elsewhere', true])
})

test('the server is told when a call begins and ends here, so that nobody takes the phone from under it', async () => {
  await registered()
  const said = saysOf()
  const session = new FakeSession()
  lastLine().emit('newRTCSession', { session })
  session.terminate()
  expect(said).toEqual([{ act: 'ask', busy: true }, { act: 'ask', busy: false }])
})

test('told that it has the phone still, a page does not register anew; told to, it does', async () => {
  await registered()
  await granted()
  expect(sip.lines.length).toBe(1)
  await granted('again')
  expect(sip.lines.length).toBe(2)
})

test('after a restart of the server a page that had been told to wait says so', async () => {
  await registered()
  await granted('elsewhere')
  const said = saysOf()
  useLive().link = 'down'
  await soon()
  useLive().link = 'up'
  await soon()
  expect(said.map((one) => one.act)).toEqual(['wait'])
})

test('while the server says nothing the phone is registered all the same', async () => {
  useSession().me = me()
  await usePhone().register()
  await vi.advanceTimersByTimeAsync(2900)
  expect(sip.lines.length).toBe(0)
  await vi.advanceTimersByTimeAsync(200)
  await vi.dynamicImportSettled()
  await soon()
  expect(sip.lines.length).toBe(1)
})

test.each([
  ['given another extension, it is registered anew', { extension: '1008' }, 2, 'connecting'],
  ['whose extension was taken away, it has no phone', { extension: null }, 1, 'off'],
  ['given a SIP telephone, it has no phone', { phone_kind: 'sip' as const }, 1, 'off'],
])('a page whose person is %s', async (_, given, lines, registration) => {
  const phone = await registered()
  vi.stubGlobal('fetch', async (path: string) => new Response(JSON.stringify(path === '/api/me' ? me(given) : PHONE)))
  useLive().changes++
  await vi.dynamicImportSettled()
  await soon()
  expect([sip.lines.length, phone.registration]).toEqual([lines, registration])
})

test('a card for which no ring comes has found a dead line: it is made anew, once', async () => {
  await registered()
  useLive().link = 'up'
  cards(card())
  await vi.advanceTimersByTimeAsync(3900)
  expect(sip.lines.length).toBe(1)
  await vi.advanceTimersByTimeAsync(200)
  expect(sip.lines.length).toBe(2)
  lastLine().emit('registered')
  await vi.advanceTimersByTimeAsync(10_000)
  expect(sip.lines.length).toBe(2)
})

test('a page beside a SIP telephone makes no sound', async () => {
  useSession().me = me({ phone_kind: 'sip' })
  await usePhone().register()
  await popArrives()
  expect([usePhone().isRinging, rung]).toEqual([true, 0])
})

test('a line that goes on failing by itself does not put off a new one, with credentials as they are by now', async () => {
  await registered()
  for (let second = 0; second < 180; second += 5) {
    lastLine().emit('disconnected')
    await vi.advanceTimersByTimeAsync(5000)
  }
  expect(sip.lines.length).toBeGreaterThan(6)
  expect(sip.lines.slice(0, -1).every((line) => line.stopped)).toBe(true)
})

test('a ring lost by one person makes the next who logs in on the page ready for nothing', async () => {
  const asked = wishes()
  const { phone, line } = await ringing()
  line.emit('disconnected')
  phone.stop()
  useSession().me = { ...me(), id: 99, extension: '1009' }
  await phone.register()
  await granted()
  lastLine().emit('registered')
  const paused = board('paused', { epoch: 1, n: 8 })
  useLive().show({ ...paused, me: paused.me && { ...paused.me, reason: 'missed_ring' } })
  await soon()
  expect(asked).toEqual([])
})

/** The person is still being asked for the microphone, until the returned function is called. */
function askedForMicrophone(): () => void {
  let allow = () => {}
  openMicrophone = () => new Promise((done) => (allow = () => done(newMicrophone())))
  return () => {
    allow()
    openMicrophone = newMicrophone
  }
}

test('a microphone asked for to be ready is not lost to a call that is answered meanwhile', async () => {
  const { phone } = await ringing()
  const allow = askedForMicrophone()
  const may = phone.mayTakeCalls()
  openMicrophone = newMicrophone
  await phone.answer()
  allow()
  expect([await may, phone.phase]).toEqual([true, 'talking'])
  expect(microphones.map((one) => one.track.readyState)).toEqual(['live', 'ended'])
})

test('asking to be ready takes no microphone from a call that is being answered', async () => {
  const { phone } = await ringing()
  const allow = askedForMicrophone()
  const answering = phone.answer()
  openMicrophone = newMicrophone
  expect(await phone.mayTakeCalls()).toBe(true)
  allow()
  await answering
  expect([phone.phase, phone.microphoneTrouble]).toEqual(['talking', null])
})

test('the key that hangs up asks at its first press, and asks anew when nothing follows, or in the next call', async () => {
  const { phone, session, line } = await talking()
  phone.pressHangUp()
  expect([phone.asksToHangUp, session.ended]).toEqual([true, false])
  await vi.advanceTimersByTimeAsync(3100)
  expect(phone.asksToHangUp).toBe(false)
  phone.pressHangUp()
  expect(session.ended).toBe(false)
  phone.pressHangUp()
  expect([phone.asksToHangUp, session.ended]).toEqual([false, true])

  const next = new FakeSession()
  line.emit('newRTCSession', { session: next })
  phone.pressHangUp()
  next.terminate()
  expect(phone.asksToHangUp, 'of a call that is over').toBe(false)
})
