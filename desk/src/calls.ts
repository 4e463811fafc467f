/** One call's record with its recording and words, kept fresh while they are being made. */
import { onScopeDispose, ref, shallowRef, watch } from 'vue'
import * as api from './server'
import { Refused } from './http'
import { useLive } from './live'
import { sentence } from './problems'
import { useSession } from './session'
import type { CallDetail } from './wire'

const LOOK_AGAIN_MS = 3000
const UNDER_WAY = new Set(['waiting', 'running'])

function unfinished(of: CallDetail): boolean {
  return !of.call.ended_at || UNDER_WAY.has(of.recording?.state ?? '') || UNDER_WAY.has(of.transcript?.state ?? '')
}

export function useCallDetail(id: () => string | null | undefined) {
  const live = useLive()
  const session = useSession()
  const detail = shallowRef<CallDetail | null>(null)
  const failure = ref('')
  let timer = 0

  async function load(): Promise<void> {
    window.clearTimeout(timer)
    const wanted = id()
    if (!wanted) return
    try {
      const fresh = await api.call(wanted)
      if (wanted !== id()) return
      detail.value = fresh
      failure.value = ''
      if (unfinished(fresh)) timer = window.setTimeout(() => void load(), LOOK_AGAIN_MS)
    } catch (error) {
      if (wanted !== id()) return
      // a call just answered is written down a moment later
      if (error instanceof Refused && error.status === 404) timer = window.setTimeout(() => void load(), LOOK_AGAIN_MS)
      if (!detail.value) failure.value = sentence(error)
    }
  }

  watch(
    id,
    () => {
      detail.value = null
      failure.value = ''
      void load()
    },
    { immediate: true },
  )
  watch([() => live.drafts, () => live.call, () => live.lost], () => void load())
  onScopeDispose(() => window.clearTimeout(timer))

  /** Agents hear the calls they took part in: those are the only ones the server shows them. */
  const mayListen = () => session.can('recordings.listen', 'recordings.listen_own')
  return { detail, failure, load, mayListen }
}
