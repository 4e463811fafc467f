/**
 * What rings is one truth told twice: the switch rings the page's phone (SIP), and says by the server whom it rings (the card).
 * A line that broke under a ring, or a machine that slept, hears no end of it; here is seen when the two no longer agree.
 */
import { computed, ref, watch, type Ref } from 'vue'
import { useLive } from '@/kit/live'

/** The end of a ring and the end of its card come by different ways; what differs longer than this is no longer one ring. */
const GONE_MS = 2000

/** The phone's ring comes with the card; a card that is without one for longer has found a dead line. */
const SILENT_MS = 4000

/** What the phone says of itself, and what is done about a ring that is none and about one that does not come. */
export interface Ringer {
  rings(): boolean
  /** Registered, no call on it: whatever the switch rings would ring here. */
  idle(): boolean
  stop(): void
  renew(): void
}

/** True of a ring whose card is over. It is stopped by itself soon; whoever needs the phone now need not wait for that. */
export function useAgreement(phone: Ringer): Ref<boolean> {
  const live = useLive()
  const announced = ref(false) // a colleague's own call has no card and is not missed here
  const ghost = computed(() => announced.value && phone.rings() && live.link === 'up' && !live.replaying && live.ringing.length === 0)
  let timer = 0

  watch(
    () => phone.rings() && live.ringing.length > 0,
    (both) => both && (announced.value = true),
    { flush: 'sync' },
  )
  watch(phone.rings, (rings) => rings || (announced.value = false), { flush: 'sync' })
  watch(ghost, (is) => {
    window.clearTimeout(timer)
    if (is) timer = window.setTimeout(phone.stop, GONE_MS)
  })

  let silentTimer = 0
  let renewedFor = ''
  watch(
    () => (phone.idle() && live.link === 'up' ? (live.ringing[0]?.id ?? '') : ''),
    (card) => {
      window.clearTimeout(silentTimer)
      if (card && card !== renewedFor) silentTimer = window.setTimeout(() => ((renewedFor = card), phone.renew()), SILENT_MS)
    },
  )
  return ghost
}
