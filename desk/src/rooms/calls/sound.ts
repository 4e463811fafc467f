/**
 * One recording plays at a time in the whole page. The file has the caller on the left and the agents on the right; what is
 * heard is mixed to the middle, so that "only the caller" is heard in both ears and switching needs no second download.
 */
import { defineStore } from 'pinia'
import { ref, watch } from 'vue'
import { audio } from '@/telephone/levels'
import { usePhone } from '@/telephone/phone'
import * as api from './api'

export type Side = 'both' | 'caller' | 'agent'
export const SPEEDS = [0.75, 1, 1.25, 1.5, 2] as const

export const useSound = defineStore('sound', () => {
  const phone = usePhone()
  const element = new Audio()
  element.preload = 'none' // looking at a call is not listening to it: nothing is fetched before the first play
  const call = ref<string | null>(null)
  const playing = ref(false)
  const time = ref(0)
  const length = ref(0)
  const speed = ref(1)
  const side = ref<Side>('both')
  const failed = ref(false)
  let gains: { caller: GainNode; agent: GainNode } | null = null
  let until: number | null = null
  let frame = 0

  function wire(): void {
    if (gains) return
    const context = audio()
    const split = context.createChannelSplitter(2)
    const mix = context.createGain()
    mix.channelCount = 1
    mix.channelCountMode = 'explicit'
    const [caller, agent] = [context.createGain(), context.createGain()]
    context.createMediaElementSource(element).connect(split)
    split.connect(caller, 0)
    split.connect(agent, 1)
    caller.connect(mix)
    agent.connect(mix)
    mix.connect(context.destination)
    gains = { caller, agent }
    listenTo(side.value)
  }

  function listenTo(wanted: Side): void {
    side.value = wanted
    if (!gains) return
    gains.caller.gain.value = wanted === 'agent' ? 0 : 1
    gains.agent.gain.value = wanted === 'caller' ? 0 : 1
  }

  function load(wanted: string, seconds: number): void {
    if (call.value === wanted) return
    element.pause()
    call.value = wanted
    element.src = api.audioUrl(wanted)
    element.playbackRate = speed.value
    time.value = 0
    length.value = seconds
    failed.value = false
    until = null
  }

  function follow(): void {
    time.value = element.currentTime
    if (until !== null && element.currentTime >= until) element.pause()
    else if (!element.paused) frame = requestAnimationFrame(follow)
  }

  async function play(): Promise<void> {
    wire()
    failed.value = false
    try {
      await element.play()
    } catch (error) {
      // a play() cut short by a pause or another file is no failure
      failed.value = !(error instanceof DOMException && error.name === 'AbortError')
    }
  }

  function pause(): void {
    element.pause()
  }

  function toggle(): void {
    until = null
    if (playing.value) pause()
    else void play()
  }

  function seek(seconds: number): void {
    until = null
    time.value = Math.min(Math.max(0, seconds), length.value || seconds)
    element.currentTime = time.value
  }

  /** From one second to another (or on): what stands behind a word or a field. */
  function playFrom(start: number, end: number | null = null): void {
    seek(start)
    until = end
    void play()
  }

  function chooseSpeed(wanted: number): void {
    speed.value = wanted
    element.playbackRate = wanted
  }

  element.addEventListener('play', () => {
    playing.value = true
    cancelAnimationFrame(frame)
    follow()
  })
  element.addEventListener('pause', () => (playing.value = false))
  element.addEventListener('ended', () => (playing.value = false))
  element.addEventListener('error', () => (failed.value = element.error !== null))
  element.addEventListener('durationchange', () => {
    if (Number.isFinite(element.duration)) length.value = element.duration
  })
  // a call has the ear
  watch([() => phone.isRinging, () => phone.busy], ([rings, talks]) => (rings || talks) && pause())

  return { call, playing, time, length, speed, side, failed, load, play, pause, toggle, seek, playFrom, chooseSpeed, listenTo }
})
