/** What the agent speaks into and hears with while there is a call; it follows what is plugged in and out. */
import { ref } from 'vue'
import { choose, chosen, NoMicrophone, onPlugged, openMicrophone, silence, type MicrophoneTrouble } from './devices'
import { meter, type Meter } from './levels'

/** How often it is measured how loud both ways are. */
export const METER_MS = 120

/** What a call lends its headset: where the voice goes. */
export interface Mouth {
  speakInto(microphone: MediaStream): Promise<void>
}

export function useHeadset() {
  const trouble = ref<MicrophoneTrouble | null>(null)
  const levels = ref({ mine: 0, theirs: 0 })
  const speaker = new Audio()

  let microphone: MediaStream | null = null
  let mouth: Mouth | null = null
  let meters: { mine?: Meter; theirs?: Meter } = {}
  let meterTimer = 0
  let unwatch = () => {}
  /** Counts openings, so that one overtaken by another, or by the end of the call, gives its microphone back. */
  let opening = 0

  /** Null when there is none (`trouble` says why), or it came too late. */
  async function open(): Promise<MediaStream | null> {
    const mine = ++opening
    try {
      const fresh = await openMicrophone()
      if (mine === opening) return fresh
      silence(fresh)
    } catch (error) {
      if (!(error instanceof NoMicrophone)) throw error
      if (mine === opening) trouble.value = error.trouble
    }
    return null
  }

  function use(fresh: MediaStream): void {
    trouble.value = null
    silence(microphone)
    microphone = fresh
    meters.mine?.stop()
    meters.mine = meter(fresh)
    // unplugged: told of no track that we end ourselves
    fresh.getAudioTracks()[0]?.addEventListener('ended', () => microphone === fresh && void replace())
  }

  /**
   * Whether there is a microphone to speak into, before calls are asked for; `trouble` says why not. Asks the person if need be.
   * It is given back at once, and is no opening: neither takes a call's from under it, nor is overtaken by a call.
   */
  async function check(): Promise<boolean> {
    if (microphone) return true
    try {
      silence(await openMicrophone())
      trouble.value = null
      return true
    } catch (error) {
      if (!(error instanceof NoMicrophone)) throw error
      trouble.value = error.trouble
      return false
    }
  }

  /** For a call: null when there is no microphone, or `close` came first. */
  async function pickUp(call: Mouth): Promise<MediaStream | null> {
    const fresh = await open()
    if (!fresh) return null
    mouth = call
    use(fresh)
    meterTimer = window.setInterval(measure, METER_MS)
    unwatch = onPlugged(plugged)
    return fresh
  }

  /** The one chosen now, or the system's, in place of the one in use. */
  async function replace(): Promise<void> {
    const into = mouth
    const fresh = into && (await open())
    if (!fresh) return
    const mine = opening
    try {
      await into.speakInto(fresh)
    } catch {
      return silence(fresh) // the call ended under it
    }
    if (mine === opening) use(fresh)
    else silence(fresh)
  }

  function plugged(): void {
    void useSpeaker()
    if (microphone?.getAudioTracks()[0]?.readyState === 'ended') void replace()
  }

  function measure(): void {
    levels.value = { mine: isOpen() ? (meters.mine?.level() ?? 0) : 0, theirs: meters.theirs?.level() ?? 0 }
  }

  /** False while muted or on hold: nothing of it goes out. */
  const isOpen = () => microphone?.getAudioTracks()[0]?.enabled ?? false

  async function hear(stream: MediaStream): Promise<void> {
    speaker.srcObject = stream
    meters.theirs?.stop()
    meters.theirs = meter(stream)
    void useSpeaker()
    await speaker.play()
  }

  async function useSpeaker(): Promise<void> {
    if (!('setSinkId' in speaker)) return
    await speaker.setSinkId(chosen('speaker')).catch(() => speaker.setSinkId('')) // unplugged: the system's own
  }

  function close(): void {
    opening++
    unwatch()
    window.clearInterval(meterTimer)
    meters.mine?.stop()
    meters.theirs?.stop()
    meters = {}
    levels.value = { mine: 0, theirs: 0 }
    silence(microphone)
    microphone = mouth = null
    speaker.srcObject = null
  }

  async function chooseSpeaker(id: string): Promise<void> {
    choose('speaker', id)
    await useSpeaker()
  }

  async function chooseMicrophone(id: string): Promise<void> {
    choose('microphone', id)
    await replace()
  }

  return { trouble, levels, check, pickUp, replace, hear, close, useSpeaker, chooseSpeaker, chooseMicrophone }
}
