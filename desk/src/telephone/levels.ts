/** How loud a stream is now, 0 to 1, a few times a second. */

let context: AudioContext | null = null

/** One for the page; it may sleep until the first click (`awake`). */
export function audio(): AudioContext {
  context ??= new AudioContext()
  if (context.state === 'suspended') void context.resume()
  return context
}

export const awake = () => context?.state === 'running'

export interface Meter {
  level(): number
  stop(): void
}

/** Speech lies about 40 dB under full scale at its softest. */
const FLOOR_DB = -50

export function meter(stream: MediaStream): Meter {
  const source = audio().createMediaStreamSource(stream)
  const analyser = audio().createAnalyser()
  analyser.fftSize = 1024
  source.connect(analyser)
  const samples = new Float32Array(analyser.fftSize)
  return {
    level() {
      analyser.getFloatTimeDomainData(samples)
      const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length
      const db = 10 * Math.log10(power + 1e-12)
      return Math.min(1, Math.max(0, 1 - db / FLOOR_DB))
    },
    stop: () => source.disconnect(),
  }
}
