/**
 * The call this person is in and the ticket beside it: the switch's word (websocket), filled up from the call's record
 * after a reload. The ticket stays on the desk after the hang-up until another takes its place.
 */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import { now } from '@/kit/clock'
import { Refused } from '@/kit/http'
import { keep, kept } from '@/kit/kept'
import { useLive } from '@/kit/live'
import { useNewest } from '@/kit/newest'
import { useSession } from '@/kit/session'
import type { CallDetail, KnownCustomer } from '@/kit/wire'
import * as calls from '@/rooms/calls/api'
import { usePhone } from './phone'

export interface Partner {
  number: string
  name: string
  customer: KnownCustomer | null
}

export const useTalk = defineStore('talk', () => {
  const live = useLive()
  const phone = usePhone()
  const session = useSession()
  const key = () => `desk.${session.me?.id ?? 0}`
  const ticketId = ref<number | null>(kept<number | null>(key(), null))
  const record = shallowRef<CallDetail | null>(null)
  /** Call and ticket last put on the desk by the switch: hold and its like tell of the same pair again. */
  let told = ''
  const questions = useNewest()

  const mine = computed(() => live.board?.me ?? null)
  /** The id of the call this person is in, null between calls. */
  const callId = computed(() => {
    if (live.call && live.call.phase !== 'ended') return live.call.call_id
    return mine.value?.state === 'talking' ? mine.value.call_id : null
  })
  const onCall = computed(() => phone.busy || callId.value !== null)
  const held = computed(() => phone.held || live.call?.phase === 'held')
  /** When it was put on hold; 0 while it is not. */
  const heldSince = ref(0)
  watch(held, (isHeld) => (heldSince.value = isHeld ? now() : 0), { immediate: true })
  const since = computed(() => {
    if (phone.since && phone.phase === 'talking') return phone.since
    const from = callId.value && live.call?.call_id === callId.value ? live.call.since : mine.value?.since
    return from ? Date.parse(from) : 0
  })
  const card = computed(() => (callId.value ? (live.pops.byCall[callId.value] ?? null) : null))

  const partner = computed<Partner>(() => {
    const source = card.value ?? (record.value?.call.id === callId.value ? record.value?.call : null)
    if (source) return { number: source.number, name: source.name_sent, customer: source.customer }
    return { ...phone.caller, customer: null }
  })

  function show(ticket: number | null): void {
    ticketId.value = ticket
    keep(key(), ticket)
  }

  /** The ticket on the desk is gone, or is no longer ours to see. */
  function putAway(ticket: number): void {
    if (ticketId.value === ticket) show(null)
  }

  async function recall(call: string): Promise<void> {
    const question = questions.ask()
    const before = ticketId.value
    try {
      const fresh = await calls.call(call)
      if (!question.isNewest()) return
      record.value = fresh
      // what was told or chosen while the answer was on its way is the newer
      if (callId.value === call && fresh.call.ticket_id && ticketId.value === before) show(fresh.call.ticket_id)
    } catch (error) {
      if (!(error instanceof Refused)) throw error // 404: the call is not written down yet; its message will come
    }
  }

  watch(
    () => live.call,
    (call) => {
      if (!call || call.phase === 'ended' || !call.ticket_id) return
      const now = `${call.call_id}/${call.ticket_id}`
      if (now === told) return
      told = now
      show(call.ticket_id)
    },
  )
  // after a reload the pop is not told again: look the call up
  watch(callId, (call) => {
    if (call && !card.value) recall(call).catch(() => undefined)
  })
  watch(
    () => session.me?.id,
    () => (ticketId.value = kept<number | null>(key(), null)),
  )

  return { ticketId, callId, onCall, held, heldSince, since, card, partner, show, putAway }
})
