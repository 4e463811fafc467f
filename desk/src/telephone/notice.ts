/**
 * The desktop's own notice of a ring, for whoever is looking at another window. It is asked for where the person switches it on: a page
 * that asks unasked is refused for good. It goes with the ring, and a click on it brings the desk.
 */
import { computed, ref, watch } from 'vue'
import { keep, kept } from '@/kit/kept'

export interface Ringing {
  /** Which ring: another one has its own notice. */
  id: string
  title: string
  who: string
}

/** Of one ring there is one notice, whichever tab shows it. */
const TAG = 'tingsu.ring'

const known = (): NotificationPermission | 'none' => ('Notification' in window && window.isSecureContext ? Notification.permission : 'none')

/** `rings`: what rings here, null while nothing does. */
export function useNotice(rings: () => Ringing | null) {
  const permission = ref(known())
  const wanted = ref(kept('ringNotice', false))
  const isOn = computed(() => wanted.value && permission.value === 'granted')
  let shown: Notification | null = null

  /** By the person's own press. */
  async function switchNotice(on: boolean): Promise<void> {
    if (on && permission.value === 'default') permission.value = await Notification.requestPermission()
    wanted.value = on && permission.value === 'granted'
    keep('ringNotice', wanted.value)
  }

  function close(): void {
    shown?.close()
    shown = null
  }

  watch(
    () => rings()?.id,
    () => {
      close()
      const ring = rings()
      if (!ring || !isOn.value || document.hasFocus()) return
      const notice = new Notification(ring.title, { body: ring.who, tag: TAG, requireInteraction: true })
      notice.onclick = () => {
        window.focus()
        close()
      }
      shown = notice
    },
  )

  return { noticePermission: permission, noticeIsOn: isOn, switchNotice }
}
