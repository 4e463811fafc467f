/** Own state, asked for from the switch above, by a key, or from the palette. */
import { defineStore } from 'pinia'
import { ref } from 'vue'
import { useLive } from '@/kit/live'
import { tell } from '@/kit/problems'
import type { Wire } from '@/kit/wire'
import { usePhone } from '@/telephone/phone'
import * as api from './api'

export const REASONS = ['break', 'meal', 'meeting', 'training', 'paperwork'] as const

export const useOwnState = defineStore('ownState', () => {
  const live = useLive()
  const phone = usePhone()
  const busy = ref(false)

  async function want(body: Wire<'WantedStateBody'>): Promise<void> {
    if (busy.value) return
    busy.value = true
    try {
      // the banner says why there is no microphone; a ring that could not be answered would only be missed
      if (body.state === 'ready' && !(await phone.mayTakeCalls())) return
      live.show(await api.wantState(body))
    } catch (error) {
      tell(error)
    } finally {
      busy.value = false
    }
  }

  return { busy, want }
})
