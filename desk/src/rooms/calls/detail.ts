/** One call's record with its recording and words, kept fresh while they are being made. */
import { onScopeDispose, ref, shallowRef, watch } from 'vue'
import { useChange } from '@/kit/changes'
import { useLive } from '@/kit/live'
import { useNewest } from '@/kit/newest'
import { sentence } from '@/kit/problems'
import type { CallDetail } from '@/kit/wire'
import * as api from './api'

const LOOK_AGAIN_MS = 3000
/** After failures each wait is twice as long, up to this. */
const LOOK_AT_LAST_MS = 60_000
const UNDER_WAY = new Set(['waiting', 'running'])

function unfinished(of: CallDetail): boolean {
  return !of.call.ended_at || UNDER_WAY.has(of.recording?.state ?? '') || UNDER_WAY.has(of.transcript?.state ?? '')
}

export function useCallDetail(id: () => string | null | undefined) {
  const live = useLive()
  const detail = shallowRef<CallDetail | null>(null)
  const failure = ref('')
  let timer = 0
  let failures = 0
  const questions = useNewest()

  function again(ms: number): void {
    timer = window.setTimeout(() => void load(), ms)
  }

  async function load(): Promise<void> {
    window.clearTimeout(timer)
    const question = questions.ask()
    const wanted = id()
    if (!wanted) return
    try {
      const fresh = await api.call(wanted)
      if (!question.isNewest()) return
      detail.value = fresh
      failure.value = ''
      failures = 0
      if (unfinished(fresh)) again(LOOK_AGAIN_MS)
    } catch (error) {
      if (!question.isNewest()) return
      // 404 too: a call just answered is written down a moment later
      if (!detail.value) failure.value = sentence(error)
      again(Math.min(LOOK_AGAIN_MS * 2 ** failures++, LOOK_AT_LAST_MS))
    }
  }

  watch(
    id,
    () => {
      detail.value = null
      failure.value = ''
      failures = 0
      void load()
    },
    { immediate: true },
  )
  watch([() => live.drafts, () => live.call], () => void load())
  useChange('call', id, () => void load())
  onScopeDispose(() => {
    questions.forget()
    window.clearTimeout(timer)
  })

  const mayListen = () => detail.value?.may.includes('listen') ?? false
  return { detail, failure, load, mayListen }
}
