/** The one module that knows JsSIP: registers, reports calls, carries them out. Loaded only where there is a browser phone. */
import { UA, WebSocketInterface } from 'jssip'
import type { DTMF_TRANSPORT } from 'jssip/lib/Constants'
import type { RTCSession } from 'jssip/lib/RTCSession'
import type { IncomingRTCSessionEvent, OutgoingRTCSessionEvent } from 'jssip/lib/UA'
import { printable } from '@/kit/format'
import type { Phone } from '@/kit/wire'

/** No STUN, no TURN: desk and switch see each other directly. */
const PEER: RTCConfiguration = { iceServers: [] }
/** Candidates of dead interfaces can keep gathering open for many seconds; the usable ones come at once. */
const GATHERING_MS = 400
const REGISTER_SECONDS = 60
/** Longer than the switch rings a colleague (20 s): should it say nothing of the ring, it says what came of it. */
const TRANSFER_MS = 30_000

/** Where the switch sends an agent's sound back (ivr/asterisk, `TEST_CALL`). */
const ECHO = 'echo'

export interface Caller {
  number: string
  name: string
}

export interface LineEvents {
  registered(): void
  unregistered(why: string): void
  /** What carried the calls is gone: no answer to a ring that came by it can be sent any more, even when it is back. */
  cut(): void
  rings(call: SipCall): void
}

export interface SipCallEvents {
  talking(): void
  held(isHeld: boolean): void
  voice(stream: MediaStream): void
  ended(why: string, failed: boolean): void
}

/** One call on the line. Its events are set by whoever takes it over. */
export class SipCall {
  events: SipCallEvents | null = null
  readonly caller: Caller

  constructor(
    private readonly session: RTCSession,
    private readonly realm: string,
  ) {
    const who = session.remote_identity
    this.caller = { number: printable(who.uri.user), name: printable(who.display_name ?? '') }
    session.on('confirmed', () => this.events?.talking())
    session.on('ended', (event) => this.events?.ended(event.cause, false))
    session.on('failed', (event) => this.events?.ended(event.cause, event.cause !== 'Canceled'))
    if (session.direction === 'outgoing') this.hear(session.connection) // made before anybody could be told of it
    else session.on('peerconnection', ({ peerconnection }) => this.hear(peerconnection))
    let gathering = 0
    session.on('icecandidate', ({ ready }) => {
      if (!gathering) gathering = window.setTimeout(ready, GATHERING_MS)
    })
  }

  private hear(connection: RTCPeerConnection): void {
    connection.addEventListener('track', (event) => this.events?.voice(event.streams[0] ?? new MediaStream([event.track])))
  }

  answer(microphone: MediaStream): void {
    this.session.answer({ mediaStream: microphone, pcConfig: PEER })
  }

  hangUp(): void {
    if (!this.session.isEnded()) this.session.terminate()
  }

  /** "Not here now": the page is going. */
  refuseUnavailable(): void {
    this.session.terminate({ status_code: 503, reason_phrase: 'Service Unavailable' })
  }

  refuseBusy(): void {
    this.session.terminate({ status_code: 486, reason_phrase: 'Busy Here' })
  }

  mute(on: boolean): void {
    if (on) this.session.mute({ audio: true })
    else this.session.unmute({ audio: true })
  }

  /**
   * Asks the switch; `held` tells when it has agreed (JsSIP's own events come with the asking, and while that is under way the caller
   * hears what he heard before). A switch that refuses ends the call. False when the last change is still being negotiated.
   */
  hold(on: boolean): boolean {
    const agreed = () => this.events?.held(on)
    return on ? this.session.hold({}, agreed) : this.session.unhold({}, agreed)
  }

  dial(tone: string): void {
    this.session.sendDTMF(tone, { transportType: 'RFC2833' as DTMF_TRANSPORT })
  }

  /** Blind transfer. Resolves when the switch has moved the caller on; rejects when it has not and the caller is still here. */
  transfer(extension: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = () => resolve()
      const failed = () => reject(new Error('refer'))
      window.setTimeout(failed, TRANSFER_MS)
      this.session.on('ended', done)
      // The answer to REFER itself (202) and the first NOTIFY (100, `trying`) only say that it was understood. It rings there
      // (180, `progress`): the caller has left us, and comes back to the queue, not to us, when nobody answers.
      this.session.refer(`sip:${extension}@${this.realm}`, { eventHandlers: { progress: done, accepted: done, requestFailed: failed, failed } })
    })
  }

  /** The sending track is replaced, the call goes on, as silent as it was: the headset was changed while muted or on hold. */
  async speakInto(microphone: MediaStream): Promise<void> {
    const [track] = microphone.getAudioTracks()
    const sender = this.session.connection?.getSenders().find((one) => one.track?.kind === 'audio')
    const old = sender?.track
    if (!track || !sender || !old) return
    track.enabled = old.enabled
    await sender.replaceTrack(track)
    track.enabled = old.enabled // pressed meanwhile
  }
}

/** A registered address. JsSIP re-registers and reconnects by itself; what it gives up on is told by `unregistered`. */
export class Line {
  private readonly agent: UA
  private readonly realm: string

  constructor(phone: Phone, events: LineEvents) {
    this.realm = phone.realm
    this.agent = new UA({
      sockets: [new WebSocketInterface(phone.ws_url)],
      uri: phone.uri,
      authorization_user: phone.extension,
      password: phone.password,
      realm: phone.realm,
      register_expires: REGISTER_SECONDS,
      session_timers: false,
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 10,
      no_answer_timeout: phone.ring_limit,
      user_agent: 'Tingsu',
    })
    this.agent.on('registered', () => events.registered())
    this.agent.on('unregistered', (event) => events.unregistered(String(event.cause ?? '')))
    this.agent.on('registrationFailed', (event) => events.unregistered(String(event.cause ?? '')))
    this.agent.on('disconnected', () => {
      events.cut()
      events.unregistered('')
    })
    this.agent.on('newRTCSession', (event: IncomingRTCSessionEvent | OutgoingRTCSessionEvent) => {
      if (event.session.direction === 'incoming') events.rings(new SipCall(event.session, phone.realm))
    })
    this.agent.start()
  }

  /** To the switch's echo: a call that is nobody's, and comes by no `rings`. */
  callEcho(microphone: MediaStream): SipCall {
    return new SipCall(this.agent.call(`sip:${ECHO}@${this.realm}`, { mediaStream: microphone, pcConfig: PEER }), this.realm)
  }

  stop(): void {
    this.agent.removeAllListeners()
    this.agent.stop()
  }
}
