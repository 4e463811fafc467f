/**
 * The softphone. It belongs to the page, not to a route: going from room to room never touches a call. What the switch says
 * about the call (its id, its ticket) comes over the websocket; here is only the voice.
 */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import * as api from '@/server'
import { now } from '@/clock'
import { forget, keep, kept } from '@/kept'
import { useLive } from '@/live'
import { sentence, tell } from '@/problems'
import { useSession } from '@/session'
import { t } from '@/words'
import { choose, chosen, isSecure, NoMicrophone, openMicrophone, silence, type MicrophoneTrouble } from './devices'
import { audio, awake, meter, type Meter } from './levels'
import { startRinging, type Ring } from './ring'
import type { Line, SipCall } from './sip'
import { holdPhone, type Held } from './tab'

export type Registration = 'off' | 'connecting' | 'registered' | 'failed' | 'elsewhere' | 'insecure'
export type Phase = 'idle' | 'ringing' | 'connecting' | 'talking'

const FIRST_RETRY_MS = 2000
const LAST_RETRY_MS = 30_000
const METER_MS = 120
/** The server's code for the pause after a ring nobody answered. */
export const MISSED_RING = 'missed_ring'
/** Waking the sound takes longer than a frame: the card is painted first. */
const AFTER_PAINT_MS = 40
/** How long a pressed Answer waits for the phone's own ring, which comes after the screen-pop. */
const ARMED_MS = 15_000

export const usePhone = defineStore('phone', () => {
  const session = useSession()
  const live = useLive()

  const registration = ref<Registration>('off')
  const trouble = ref('')
  const microphoneTrouble = ref<MicrophoneTrouble | null>(null)
  const phase = ref<Phase>('idle')
  const caller = shallowRef({ number: '', name: '' })
  const since = ref(0)
  const muted = ref(false)
  const held = ref(false)
  /** The call whose Answer was pressed before the phone rang (`''`: whatever rings). It may be offered anew: it is still the one. */
  const armedFor = ref<string | null>(null)
  const armed = computed(() => armedFor.value !== null)
  const levels = ref({ mine: 0, theirs: 0 })
  /** What became of a call that was up when the page was last left. */
  const leftTalking = ref(kept('talking', false, sessionStorage))
  const ringBlocked = ref(false)
  const ring = ref<Ring>(kept<Ring>('ring', 'bell'))
  const volume = ref(kept('ringVolume', 0.6))

  let line: Line | null = null
  let lock: Held | null = null
  let call: SipCall | null = null
  let microphone: MediaStream | null = null
  let meters: { mine?: Meter; theirs?: Meter } = {}
  let retry = FIRST_RETRY_MS
  let retryTimer = 0
  let armedTimer = 0
  let meterTimer = 0
  let ringTimer = 0
  let stopRinging: (() => void) | null = null
  const speaker = new Audio()

  forget('talking', sessionStorage)

  const inBrowser = computed(() => session.hasPhone && session.me?.phone_kind === 'browser')
  const busy = computed(() => phase.value === 'talking' || phase.value === 'connecting')
  const isRinging = computed(() => !busy.value && (phase.value === 'ringing' || live.ringing.length > 0))

  // registration -------------------------------------------------------------------------------------------------------
  async function register(take = false): Promise<void> {
    window.clearTimeout(retryTimer)
    if (!inBrowser.value || !session.me) return
    if (!isSecure()) return void (registration.value = 'insecure')
    if (registration.value !== 'failed') registration.value = 'connecting' // a failed one stays said until it is mended
    lock ??= await holdPhone(session.me.id, take, lostToOtherTab)
    if (!lock) return void (registration.value = 'elsewhere')
    try {
      const credentials = await api.phone()
      const sip = await import('./sip')
      line?.stop()
      line = new sip.Line(credentials, { registered, unregistered, rings })
    } catch (error) {
      trouble.value = t('phone.noKey', { why: sentence(error) })
      unregistered()
    }
  }

  function registered(): void {
    registration.value = 'registered'
    trouble.value = ''
    retry = FIRST_RETRY_MS
    window.clearTimeout(retryTimer)
  }

  function unregistered(): void {
    registration.value = 'failed'
    window.clearTimeout(retryTimer)
    // a new set of credentials each time: an administrator may have reset them. Never under a call.
    retryTimer = window.setTimeout(() => (busy.value ? unregistered() : register()), retry)
    retry = Math.min(retry * 2, LAST_RETRY_MS)
  }

  function lostToOtherTab(): void {
    lock = null
    close()
    registration.value = 'elsewhere'
  }

  function close(): void {
    window.clearTimeout(retryTimer)
    hangUp()
    line?.stop()
    line = null
  }

  function stop(): void {
    close()
    lock?.release()
    lock = null
    registration.value = 'off'
  }

  // one call --------------------------------------------------------------------------------------------------------------
  function rings(incoming: SipCall): void {
    if (call) return incoming.refuseBusy()
    call = incoming
    caller.value = incoming.caller
    phase.value = 'ringing'
    incoming.events = {
      talking() {
        phase.value = 'talking'
        since.value = now()
      },
      held: (isHeld) => (held.value = isHeld),
      voice: hear,
      ended(why, failed) {
        const wasAnswering = phase.value === 'connecting'
        over()
        if (failed && wasAnswering) trouble.value = t('phone.failedCall', { why })
      },
    }
    answerIfPromised()
  }

  function answerIfPromised(): void {
    const wanted = armedFor.value
    if (phase.value !== 'ringing' || wanted === null) return
    if (wanted === '' || live.ringing.some((card) => card.call_id === wanted)) void answer()
  }

  function hear(stream: MediaStream): void {
    speaker.srcObject = stream
    void useSpeaker()
    speaker.play().catch(() => (trouble.value = t('phone.blocked')))
    meters.theirs?.stop()
    meters.theirs = meter(stream)
  }

  /** Answers what rings, or promises to as soon as the phone does. */
  async function answer(): Promise<void> {
    window.clearTimeout(armedTimer)
    armedFor.value = call ? null : (live.ringing[0]?.call_id ?? '')
    if (!call) {
      armedTimer = window.setTimeout(() => (armedFor.value = null), ARMED_MS)
      return
    }
    if (phase.value !== 'ringing') return
    phase.value = 'connecting'
    const mine = call
    try {
      microphone = await openMicrophone()
    } catch (error) {
      if (error instanceof NoMicrophone) microphoneTrouble.value = error.trouble
      if (call === mine) phase.value = 'ringing' // still rings: the person may allow the microphone and press again
      return
    }
    if (call !== mine) return silence(microphone)
    microphoneTrouble.value = null
    audio()
    meters.mine = meter(microphone)
    meterTimer = window.setInterval(measure, METER_MS)
    mine.answer(microphone)
  }

  function measure(): void {
    levels.value = { mine: muted.value ? 0 : (meters.mine?.level() ?? 0), theirs: meters.theirs?.level() ?? 0 }
  }

  function over(): void {
    call = null
    phase.value = 'idle'
    muted.value = held.value = false
    window.clearInterval(meterTimer)
    meters.mine?.stop()
    meters.theirs?.stop()
    meters = {}
    levels.value = { mine: 0, theirs: 0 }
    silence(microphone)
    microphone = null
    speaker.srcObject = null
  }

  function hangUp(): void {
    armedFor.value = null
    call?.hangUp()
  }

  function toggleMute(): void {
    if (phase.value !== 'talking') return
    muted.value = !muted.value
    call?.mute(muted.value)
  }

  function toggleHold(): void {
    if (phase.value === 'talking') call?.hold(!held.value)
  }

  function dial(tone: string): void {
    if (phase.value === 'talking') call?.dial(tone)
  }

  /** Hands the caller on; our own leg, which the switch leaves standing, is hung up only when the caller has left it. */
  async function transfer(extension: string): Promise<void> {
    const mine = call
    await mine?.transfer(extension)
    mine?.hangUp()
  }

  // sound --------------------------------------------------------------------------------------------------------------------
  function forgiveMicrophone(): void {
    microphoneTrouble.value = null
  }

  async function useSpeaker(): Promise<void> {
    if ('setSinkId' in speaker) await speaker.setSinkId(chosen('speaker')).catch(() => undefined) // unplugged: the system's own
  }

  async function chooseSpeaker(id: string): Promise<void> {
    choose('speaker', id)
    await useSpeaker()
  }

  async function chooseMicrophone(id: string): Promise<void> {
    choose('microphone', id)
    if (!call || !microphone) return
    const fresh = await openMicrophone()
    await call.speakInto(fresh)
    meters.mine?.stop()
    meters.mine = meter(fresh)
    silence(microphone)
    microphone = fresh
  }

  function chooseRing(which: Ring, loud: number): void {
    ring.value = which
    volume.value = loud
    keep('ring', which)
    keep('ringVolume', loud)
  }

  function sound(): void {
    stopRinging = startRinging(ring.value, volume.value)
    // browsers keep a page silent until it was clicked once: said, because the agent may be looking elsewhere
    ringTimer = window.setTimeout(() => (ringBlocked.value = ring.value !== 'none' && !awake()), AFTER_PAINT_MS)
  }

  watch(busy, (talks) => {
    if (talks) leftTalking.value = false
  })
  watch(isRinging, (does) => {
    window.clearTimeout(ringTimer)
    stopRinging?.()
    stopRinging = null
    ringBlocked.value = false
    if (does) ringTimer = window.setTimeout(sound, AFTER_PAINT_MS)
  })

  watch(() => live.ringing, answerIfPromised)

  window.addEventListener('beforeunload', (event) => {
    if (busy.value) event.preventDefault()
  })
  window.addEventListener('pagehide', () => {
    if (busy.value) keep('talking', true, sessionStorage)
    // otherwise the switch rings on, at a page that is gone
    else if (phase.value === 'ringing') {
      keep('ringing', true, sessionStorage)
      call?.refuseUnavailable()
    }
  })

  // The switch counts that ring as missed and has paused the agent, who only reloaded the page: ready again, once, as soon as
  // the phone is back. The queue then offers the same call anew.
  let backToReady = kept('ringing', false, sessionStorage)
  forget('ringing', sessionStorage)
  watch([registration, () => live.board], () => {
    if (!backToReady || registration.value !== 'registered' || live.board?.me?.reason !== MISSED_RING) return
    backToReady = false
    api.wantState({ state: 'ready', reason: '' }).then((board) => (live.board = board), tell)
  })
  window.setTimeout(() => (backToReady = false), ARMED_MS)

  return {
    registration, trouble, microphoneTrouble, phase, caller, since, muted, held, armed, levels, leftTalking, ringBlocked, ring, volume,
    inBrowser, busy, isRinging,
    register, stop, answer, hangUp, toggleMute, toggleHold, dial, transfer, chooseSpeaker, chooseMicrophone, chooseRing, forgiveMicrophone,
  }
})
