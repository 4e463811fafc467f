/**
 * The desktop's own notice of something important, for whoever is looking at another window. It is asked for where the person switches
 * it on: a page that asks unasked is refused for good. Of one notice there is one, whichever tab shows it.
 */
import { computed, ref } from 'vue'
import { keep, kept } from '@/kit/kept'

export interface Told {
  id: number
  title: string
  text: string
  open(): void
}

const known = (): NotificationPermission | 'none' => ('Notification' in window && window.isSecureContext ? Notification.permission : 'none')

export function useDesktop() {
  const permission = ref(known())
  const wanted = ref(kept('inboxNotice', false))
  const isOn = computed(() => wanted.value && permission.value === 'granted')
  /** No question would change it: the browser has none, or was told no. */
  const cannot = computed(() => permission.value === 'none' || permission.value === 'denied')

  /** By the person's own press. */
  async function turn(on: boolean): Promise<void> {
    if (on && permission.value === 'default') permission.value = await Notification.requestPermission()
    wanted.value = on && permission.value === 'granted'
    keep('inboxNotice', wanted.value)
  }

  function show({ id, title, text, open }: Told): void {
    if (!isOn.value || document.hasFocus()) return
    const notice = new Notification(title, { body: text, tag: `tingsu.notice.${id}` })
    notice.onclick = () => {
      window.focus()
      notice.close()
      open()
    }
  }

  return { isOn, cannot, turn, show }
}
