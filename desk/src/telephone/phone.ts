/**
 * The softphone. It belongs to the page, not to a route: going from room to room never touches a call. What the switch says
 * about the call (its id, its ticket) comes over the websocket; here is only the voice.
 */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import { now } from '@/kit/clock'
import { grouped } from '@/kit/format'
import { forget, keep, kept } from '@/kit/kept'
import { useLive } from '@/kit/live'
import { sentence, tell } from '@/kit/problems'
import { useSession } from '@/kit/session'
import { useTwice } from '@/kit/twice'
import { onWake } from '@/kit/wake'
import { wantState } from '@/rooms/floor/api'
import { t } from '@/words'
import { useAgreement } from './agreement'
import * as api from './api'
import { isSecure } from './devices'
import { useHeadset } from './headset'
import { useNotice } from './notice'
import { usePlace } from './place'
import { useRing } from './ring'
import type { Line, SipCall } from './sip'
import { Tab } from './tab'
import { useTestCall } from './testcall'

export type Registration = 'off' | 'connecting' | 'registered' | 'failed' | 'elsewhere' | 'insecure'
export type Phase = 'idle' | 'ringing' | 'connecting' | 'talking'

const FIRST_RETRY_MS = 2000
const LAST_RETRY_MS = 30_000
/** The server's code for the pause after a ring nobody answered. */
export const MISSED_RING = 'missed_ring'
/** How long a pressed Answer waits for the phone's own ring, which comes after the screen-pop. */
const ARMED_MS = 15_000
/** Answered, and the switch says nothing: a call that is not up by then never will be. */
const CONNECT_MS = 15_000
/** How long after a ring that the page or the line lost its agent is taken to be still there. */
const LOST_RING_MS = 60_000

export const usePhone = defineStore('phone', () => {
  const session = useSession()
  const live = useLive()

  const registration = ref<Registration>('off')
  const trouble = ref('')
  /** Of a phone that is elsewhere: not in another tab of this browser. */
  const isOtherMachine = ref(false)
  const elsewhere = computed(() => t(isOtherMachine.value ? 'phone.otherMachine' : 'phone.elsewhere'))
  const phase = ref<Phase>('idle')
  /** The switch was told: not while the person is still asked for the microphone. */
  const answered = ref(false)
  const caller = shallowRef({ number: '', name: '' })
  const since = ref(0)
  const muted = ref(false)
  const held = ref(false)
  /** To be on hold, or back, is asked for, and the switch has not agreed yet. */
  const holding = ref(false)
  const transferring = ref(false)
  /** The call whose Answer was pressed before the phone rang (`''`: whatever rings). It may be offered anew: it is still the one. */
  const armedFor = ref<string | null>(null)
  const armed = computed(() => armedFor.value !== null)
  /** What became of a call that was up when the page was last left. */
  const leftTalking = ref(kept('talking', false, sessionStorage))

  let line: Line | null = null
  let tab: Tab | null = null
  let call: SipCall | null = null
  /** Counts connections, so that one overtaken while it fetched its credentials is not made. */
  let connecting = 0
  /** The line was made before a sleep and may be dead without knowing: it is made anew when no call is on it. */
  let isStale = false
  /** The person asked to have the phone here. */
  let takes = false
  let retry = FIRST_RETRY_MS
  let retryTimer = 0
  let armedTimer = 0
  let connectTimer = 0
  let backToReady = false
  let lostTimer = 0

  forget('talking', sessionStorage)

  const inBrowser = computed(() => session.hasPhone && session.me?.phone_kind === 'browser')
  const busy = computed(() => phase.value === 'talking' || phase.value === 'connecting')
  const isRinging = computed(() => !busy.value && (phase.value === 'ringing' || live.ringing.length > 0))
  session.stayWhile(() => busy.value)
  const isUnanswered = computed(() => phase.value === 'ringing' || (phase.value === 'connecting' && !answered.value))
  /** The call can be put on hold or handed on: that goes through the line, and tried without one it would end the call. */
  const canHandOn = computed(() => phase.value === 'talking' && registration.value === 'registered' && !transferring.value)

  const isInOtherTab = computed(() => registration.value === 'elsewhere' && !isOtherMachine.value)
  const mayAnswer = computed(() => inBrowser.value && (registration.value === 'registered' || phase.value === 'ringing' || isInOtherTab.value))
  const answerText = computed(() => (armed.value ? t('pop.arming') : isInOtherTab.value ? t('pop.answerThere') : t('pop.answer')))
  /** Why what rings cannot be answered here. */
  const whyNot = computed(() => (registration.value === 'elsewhere' ? elsewhere.value : t('pop.notRegistered')))

  const headset = useHeadset()
  // a telephone rings for itself; of several tabs only the one with the phone in it
  const holdsPhone = computed(() => inBrowser.value && !['off', 'elsewhere'].includes(registration.value))
  const ringing = useRing(() => isRinging.value && holdsPhone.value)
  /** Who rings, by name or number. */
  const who = computed(() => {
    const card = live.ringing[0]
    return card?.customer?.name || grouped(card?.number ?? caller.value.number) || t('pop.withheld')
  })
  /** Counts the phone's own rings. */
  const rung = ref(0)
  /** Which ring it is; none where nothing rings. One whose card is over before the line says so is still the same. */
  const ring = computed<{ id: string; nth: number }>((last) => {
    const nth = rung.value
    if (!isRinging.value) return { id: '', nth }
    const same = last?.nth === nth ? last.id : ''
    return { id: live.ringing[0]?.id ?? (same || `direct.${nth}`), nth }
  })
  const ringId = computed(() => ring.value.id)
  const ringsHere = () => isRinging.value && (holdsPhone.value || !inBrowser.value)
  const noticing = useNotice(() => (ringsHere() ? { id: ringId.value, title: t('pop.title'), who: who.value } : null))
  const isGhost = useAgreement({
    rings: () => isUnanswered.value,
    idle: () => registration.value === 'registered' && phase.value === 'idle',
    stop: stopRinging,
    renew() {
      wasLost()
      void register()
    },
  })

  /** On the line, but no call of the phone's: it goes when one comes. */
  const testCall = useTestCall(() => (registration.value === 'registered' && !call ? line : null))

  // registration -------------------------------------------------------------------------------------------------------
  /** Never under a call: JsSIP ends all of a line's calls with it. `over` comes back to it. */
  async function register(): Promise<void> {
    endRetry()
    if (!inBrowser.value || !session.me || call) return
    if (!isSecure()) return void (registration.value = 'insecure')
    if (registration.value !== 'failed') registration.value = 'connecting' // a failed one stays said until it is mended
    if (tab?.held) return place.ask('ask')
    tab ??= new Tab(session.me.id, { held: () => place.ask(takes ? 'take' : 'ask'), waits: waitForTab, lost: lostToOtherTab, answer: answerForOtherTab })
    tab.wait()
  }

  const place = usePlace({ here: () => void connect(), elsewhere: lostToOtherMachine, refused: () => (trouble.value = t('phone.otherTalks')), busy: () => call !== null })

  async function connect(): Promise<void> {
    const mine = ++connecting
    isStale = true // until it is made: a call may be on the line that is there
    if (call) return
    try {
      const credentials = await api.phone()
      const sip = await import('./sip')
      if (mine !== connecting || call) return
      testCall.stop()
      line?.stop()
      isStale = false
      line = new sip.Line(credentials, { registered, unregistered, cut, rings })
    } catch (error) {
      if (mine !== connecting) return
      trouble.value = t('phone.noKey', { why: sentence(error) })
      unregistered()
    }
  }

  function registered(): void {
    takes = isOtherMachine.value = false
    registration.value = 'registered'
    trouble.value = ''
    retry = FIRST_RETRY_MS
    endRetry()
  }

  function endRetry(): void {
    window.clearTimeout(retryTimer)
    retryTimer = 0
  }

  function unregistered(): void {
    registration.value = 'failed'
    // The line tries by itself, and each of its failures comes by here. They put ours off no further: a new set of credentials each
    // time, for an administrator may have reset them, or the switch may be found elsewhere by now.
    if (retryTimer) return
    retryTimer = window.setTimeout(() => void register(), retry)
    retry = Math.min(retry * 2, LAST_RETRY_MS)
  }

  function waitForTab(): void {
    takes = false
    isOtherMachine.value = false
    registration.value = 'elsewhere'
  }

  function lostToOtherTab(): void {
    close()
    place.forget()
    waitForTab()
  }

  /** A call is not taken from anybody: should it be said under one, the phone goes after it. */
  function lostToOtherMachine(): void {
    takes = false
    isOtherMachine.value = true
    if (call) return
    const had = line !== null
    close()
    registration.value = 'elsewhere'
    if (had) place.closed()
  }

  /** From another tab or another machine, to this page. */
  async function takeHere(): Promise<void> {
    trouble.value = ''
    takes = true
    // what rings while the phone is on its way rings at a page that is gone; a ring that was missed before it was asked for was missed
    if (live.board?.me?.reason !== MISSED_RING) wasLost()
    if (tab?.held) return place.ask('take')
    if ((await tab?.take()) === false) trouble.value = t('phone.otherTalks')
  }

  function close(): void {
    connecting++
    endRetry()
    testCall.stop()
    hangUp()
    line?.stop()
    line = null
  }

  function stop(): void {
    close()
    place.leave()
    tab?.release()
    tab = null
    registration.value = 'off'
    trouble.value = ''
    // nothing of this person's is the next one's who logs in on this page
    takes = isOtherMachine.value = backToReady = leftTalking.value = false
  }

  // one call --------------------------------------------------------------------------------------------------------------
  /** Rings no more, and nobody refused it: the switch has ended it, or can no longer be answered. */
  function stopRinging(): void {
    if (isUnanswered.value) call?.refuseUnavailable()
  }

  function cut(): void {
    testCall.stop()
    if (!isUnanswered.value) return
    stopRinging()
    wasLost()
  }

  function rings(incoming: SipCall): void {
    testCall.stop()
    if (isGhost.value) stopRinging()
    if (call) return incoming.refuseBusy()
    call = incoming
    rung.value++
    backToReady = false // the person is here now: this one is lost to nobody else
    answered.value = false
    tab?.hasCall(true)
    place.tellBusy()
    caller.value = incoming.caller
    phase.value = 'ringing'
    incoming.events = {
      talking() {
        phase.value = 'talking'
        since.value = now()
      },
      held(isHeld) {
        held.value = isHeld
        holding.value = false
      },
      voice: (stream) => void hear(stream),
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

  async function hear(stream: MediaStream): Promise<void> {
    try {
      await headset.hear(stream)
    } catch (error) {
      if (error instanceof DOMException && error.name === 'NotAllowedError') trouble.value = t('phone.blocked')
    }
  }

  /** Pressed in a tab without the phone: done here, where the phone is, if anything rings. */
  function answerForOtherTab(): boolean {
    if (!isRinging.value) return false
    void answer()
    return true
  }

  /** Answers what rings, or promises to as soon as the phone does; from a second tab the first one is told to. */
  async function answer(): Promise<void> {
    if (isInOtherTab.value) return void (trouble.value = (await tab?.askToAnswer()) ? '' : t('phone.otherSilent'))
    if (!holdsPhone.value) return
    window.clearTimeout(armedTimer)
    armedFor.value = call ? null : (live.ringing[0]?.call_id ?? '')
    if (!call) {
      armedTimer = window.setTimeout(() => (armedFor.value = null), ARMED_MS)
      return
    }
    if (phase.value !== 'ringing') return
    phase.value = 'connecting'
    const mine = call
    const microphone = await headset.pickUp(mine)
    if (call !== mine) return
    if (!microphone) return void (phase.value = 'ringing') // still rings: the person may allow the microphone and press again
    answered.value = true
    mine.answer(microphone)
    connectTimer = window.setTimeout(() => phase.value === 'connecting' && mine.hangUp(), CONNECT_MS)
  }

  function over(): void {
    window.clearTimeout(connectTimer)
    hangUpKey.forget()
    call = null
    tab?.hasCall(false)
    phase.value = 'idle'
    caller.value = { number: '', name: '' }
    muted.value = held.value = holding.value = transferring.value = false
    headset.close()
    place.tellBusy()
    if (isOtherMachine.value) lostToOtherMachine()
    else if (!inBrowser.value) stop()
    else if (registration.value === 'failed' || isStale) void register()
  }

  function hangUp(): void {
    armedFor.value = null
    call?.hangUp()
  }

  /** By its key, which lies beside the one for hold: a slip would end the caller's call. The first press asks. */
  const hangUpKey = useTwice(hangUp)
  const pressHangUp = () => (call ? hangUpKey.press() : hangUp())
  const asksToHangUp = hangUpKey.asked

  function toggleMute(): void {
    if (phase.value !== 'talking') return
    muted.value = !muted.value
    call?.mute(muted.value)
  }

  function toggleHold(): void {
    if (call && canHandOn.value && !holding.value) holding.value = call.hold(!held.value)
  }

  function dial(tone: string): void {
    if (phase.value === 'talking') call?.dial(tone)
  }

  /** Hands the caller on; our own leg, which the switch leaves standing, is hung up only when the caller has left it. */
  async function transfer(extension: string): Promise<void> {
    const mine = call
    if (!mine || !canHandOn.value) throw new Error('nobody to hand on')
    transferring.value = true
    try {
      await mine.transfer(extension)
      mine.hangUp()
    } finally {
      if (call === mine) transferring.value = false
    }
  }

  /** Whether calls can be taken here: a telephone on the desk needs no microphone of ours. */
  const mayTakeCalls = async (): Promise<boolean> => !inBrowser.value || (await headset.check())

  /** "Try again": in a call another microphone, otherwise the next call will try. */
  function retryMicrophone(): void {
    headset.trouble.value = null
    void headset.replace()
  }

  async function chooseMicrophone(id: string): Promise<void> {
    await headset.chooseMicrophone(id)
    await testCall.useMicrophone()
  }

  async function chooseSpeaker(id: string): Promise<void> {
    await headset.chooseSpeaker(id)
    await testCall.useSpeaker()
  }

  watch(busy, (talks) => {
    if (talks) leftTalking.value = false
  })

  watch(() => live.ringing, answerIfPromised)

  window.addEventListener('beforeunload', (event) => {
    if (busy.value) event.preventDefault()
  })
  window.addEventListener('pagehide', () => {
    testCall.stop()
    if (busy.value) keep('talking', true, sessionStorage)
    // otherwise the switch rings on, at a page that is gone
    else if (phase.value === 'ringing') {
      keep('ringing', true, sessionStorage)
      call?.refuseUnavailable()
    }
  })

  // The switch counts a ring that the page or its line lost as missed and has paused the agent, who only reloaded the page or
  // had a bad network: ready again, once, as soon as the phone is back. The queue then offers the same call anew.

  function wasLost(): void {
    backToReady = true
    window.clearTimeout(lostTimer)
    lostTimer = window.setTimeout(() => (backToReady = false), LOST_RING_MS)
  }

  if (kept('ringing', false, sessionStorage)) wasLost()
  forget('ringing', sessionStorage)
  watch([registration, () => live.board], () => {
    if (!backToReady || registration.value !== 'registered' || live.board?.me?.reason !== MISSED_RING) return
    backToReady = false
    wantState({ state: 'ready', reason: '' }).then(live.show, tell)
  })

  // an extension was given, changed or taken away, or the phone has another secret
  watch(
    () => live.changes,
    async () => {
      if (!(await session.load().catch(() => false)) || call) return void (isStale = true)
      if (!inBrowser.value) stop()
      else if (registration.value !== 'elsewhere') void register()
    },
  )

  onWake(() => {
    isStale = true
    if (holdsPhone.value) void register()
  })

  return {
    registration, trouble, phase, caller, since, muted, held, holding, transferring, armed, leftTalking,
    inBrowser, busy, isRinging, canHandOn, elsewhere, isInOtherTab, mayAnswer, answerText, whyNot,
    register, takeHere, stop, answer, hangUp, pressHangUp, asksToHangUp, toggleMute, toggleHold, dial, transfer,
    microphoneTrouble: headset.trouble, levels: headset.levels, retryMicrophone, mayTakeCalls,
    chooseSpeaker, chooseMicrophone, testCall,
    who, ringId, ...ringing, ...noticing,
  }
})
