/**
 * A call to the switch's echo: whoever speaks hears himself, by the way a caller's call takes. It is no call of the phone's (no
 * caller, no ticket, nothing to hold or hand on) and makes way for one that rings.
 */
import { computed, reactive, ref, watch } from 'vue'
import { t } from '@/words'
import { METER_MS, useHeadset } from './headset'
import type { Line, SipCall } from './sip'
import { listen, NOTHING, verdict, type Verdict } from './verdict'

/** `asking`: for the microphone. What it came to stays said after the end (`verdict`, `trouble`). */
export type TestPhase = 'off' | 'asking' | 'calling' | 'up'

/** Called, and the switch says nothing. */
const CONNECT_MS = 15_000

/** `free`: the line that a test may take now, null when there is none. */
export function useTestCall(free: () => Line | null) {
  const headset = useHeadset()
  const phase = ref<TestPhase>('off')
  const trouble = ref('')
  const heard = ref(NOTHING)
  const told = computed<Verdict>(() => verdict(heard.value))
  const isOn = computed(() => phase.value !== 'off')
  let call: SipCall | null = null
  let timer = 0

  async function start(): Promise<void> {
    forget()
    if (!free()) return void (trouble.value = t('testCall.noPhone'))
    phase.value = 'asking'
    const microphone = await headset.pickUp({ speakInto: (fresh) => call?.speakInto(fresh) ?? Promise.resolve() })
    if (!microphone) return void (headset.trouble.value && close()) // otherwise it was ended meanwhile
    const line = free()
    if (!line) return fail(t('testCall.noPhone'))
    dial(line, microphone)
  }

  function dial(line: Line, microphone: MediaStream): void {
    phase.value = 'calling'
    const mine = (call = line.callEcho(microphone))
    mine.events = {
      talking: () => void (phase.value = 'up'),
      held: () => undefined,
      voice: (stream) => void hear(stream),
      ended(why, failed) {
        if (call !== mine) return
        if (failed) fail(t('testCall.refused', { why }))
        else if (told.value === 'speak' || told.value === 'listening') fail(t('testCall.over'))
        else close()
      },
    }
    timer = window.setTimeout(() => phase.value === 'calling' && fail(t('testCall.noAnswer')), CONNECT_MS)
  }

  async function hear(stream: MediaStream): Promise<void> {
    try {
      await headset.hear(stream)
    } catch (error) {
      if (error instanceof DOMException && error.name === 'NotAllowedError') trouble.value = t('phone.blocked')
    }
  }

  function fail(why: string): void {
    trouble.value = why
    close()
  }

  function close(): void {
    window.clearTimeout(timer)
    phase.value = 'off'
    const over = call
    call = null
    over?.hangUp()
    headset.close()
  }

  /** Ended by the person, by a call that rings, or with the page. */
  function stop(): void {
    if (isOn.value) close()
  }

  /** Nobody looks at what it came to any more. */
  function forget(): void {
    stop()
    heard.value = NOTHING
    trouble.value = ''
    headset.trouble.value = null
  }

  watch(headset.levels, (levels) => {
    if (phase.value === 'up') heard.value = listen(heard.value, levels, METER_MS)
  })

  return reactive({
    phase, trouble, isOn, verdict: told, levels: headset.levels, microphoneTrouble: headset.trouble,
    start, stop, forget, useMicrophone: headset.replace, useSpeaker: headset.useSpeaker,
  })
}
