/** Microphones and speakers: which there are, which is chosen, and why there is none. */
import { keep, kept } from '@/kit/kept'

export type MicrophoneTrouble = 'denied' | 'missing' | 'busy' | 'insecure'

export class NoMicrophone extends Error {
  constructor(readonly trouble: MicrophoneTrouble) {
    super(trouble)
  }
}

export interface Devices {
  microphones: MediaDeviceInfo[]
  speakers: MediaDeviceInfo[]
}

export const chosen = (kind: 'microphone' | 'speaker') => kept(kind, '')
export const choose = (kind: 'microphone' | 'speaker', id: string) => keep(kind, id)

/** Browsers hide the microphone from pages that are neither https nor on this machine. */
export const isSecure = () => window.isSecureContext && Boolean(navigator.mediaDevices)

function troubleOf(error: unknown): MicrophoneTrouble {
  const name = error instanceof DOMException ? error.name : ''
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied'
  return name === 'NotReadableError' || name === 'AbortError' ? 'busy' : 'missing'
}

/** The chosen microphone, or the system's when the chosen one is unplugged. */
export async function openMicrophone(): Promise<MediaStream> {
  if (!isSecure()) throw new NoMicrophone('insecure')
  const clean = { echoCancellation: true, noiseSuppression: true, autoGainControl: true }
  const id = chosen('microphone')
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: id ? { ...clean, deviceId: { ideal: id } } : clean })
  } catch (error) {
    throw new NoMicrophone(troubleOf(error))
  }
}

export async function devices(): Promise<Devices> {
  if (!isSecure()) return { microphones: [], speakers: [] }
  const all = await navigator.mediaDevices.enumerateDevices()
  const named = (kind: MediaDeviceKind) => all.filter((one) => one.kind === kind && one.deviceId && one.deviceId !== 'default')
  return { microphones: named('audioinput'), speakers: named('audiooutput') }
}

/** Calls back whenever something is plugged in or out, until the returned function is called. */
export function onPlugged(change: () => void): () => void {
  if (!isSecure()) return () => undefined
  navigator.mediaDevices.addEventListener('devicechange', change)
  return () => navigator.mediaDevices.removeEventListener('devicechange', change)
}

export function silence(stream: MediaStream | null): void {
  stream?.getTracks().forEach((track) => track.stop())
}
