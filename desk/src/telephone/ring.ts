/** Ring sounds made of tones: no file to load, nothing to wait for. */
import { ref, watch } from 'vue'
import { keep, kept } from '@/kit/kept'
import { audio, awake } from './levels'

export const RINGS = ['bell', 'soft', 'double', 'none'] as const
export type Ring = (typeof RINGS)[number]

interface Tone {
  hz: number
  at: number
  lasts: number
}

const TUNES: Record<Ring, readonly Tone[]> = {
  bell: [0, 0.12, 0.24, 0.36, 0.48, 0.6].map((at, i) => ({ hz: i % 2 ? 784 : 988, at, lasts: 0.12 })),
  soft: [
    { hz: 523, at: 0, lasts: 0.5 },
    { hz: 659, at: 0.35, lasts: 0.7 },
  ],
  double: [
    { hz: 440, at: 0, lasts: 0.35 },
    { hz: 480, at: 0.5, lasts: 0.35 },
  ],
  none: [],
}
const AGAIN_MS = 2500
/** Waking the sound takes longer than a frame: the card is painted first. */
const AFTER_PAINT_MS = 40

function tone(at: AudioContext, { hz, at: start, lasts }: Tone, volume: number): void {
  const oscillator = at.createOscillator()
  const gain = at.createGain()
  const from = at.currentTime + start
  oscillator.frequency.value = hz
  gain.gain.setValueAtTime(0, from)
  gain.gain.linearRampToValueAtTime(volume * 0.35, from + 0.015)
  gain.gain.exponentialRampToValueAtTime(0.001, from + lasts)
  oscillator.connect(gain).connect(at.destination)
  oscillator.start(from)
  oscillator.stop(from + lasts)
}

export function playOnce(ring: Ring, volume: number): void {
  for (const one of TUNES[ring]) tone(audio(), one, volume)
}

/** Rings until the returned function is called. */
function startRinging(ring: Ring, volume: number): () => void {
  playOnce(ring, volume)
  const timer = window.setInterval(() => playOnce(ring, volume), AGAIN_MS)
  return () => window.clearInterval(timer)
}

/** The chosen ring, heard for as long as `sounds` says so. */
export function useRing(sounds: () => boolean) {
  const ring = ref<Ring>(kept<Ring>('ring', 'bell'))
  const volume = ref(kept('ringVolume', 0.6))
  const ringBlocked = ref(false)
  let timer = 0
  let stop: (() => void) | null = null

  function begin(): void {
    stop = startRinging(ring.value, volume.value)
    // browsers keep a page silent until it was clicked once: said, because the agent may be looking elsewhere
    timer = window.setTimeout(() => (ringBlocked.value = ring.value !== 'none' && !awake()), AFTER_PAINT_MS)
  }

  watch(sounds, (does) => {
    window.clearTimeout(timer)
    stop?.()
    stop = null
    ringBlocked.value = false
    if (does) timer = window.setTimeout(begin, AFTER_PAINT_MS)
  })

  function chooseRing(which: Ring, loud: number): void {
    ring.value = which
    volume.value = loud
    keep('ring', which)
    keep('ringVolume', loud)
  }

  return { ring, volume, ringBlocked, chooseRing }
}
