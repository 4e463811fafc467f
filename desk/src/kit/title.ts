/** What the browser's tab is called: which ticket, which call; left out, the room's name. */
import { onScopeDispose, shallowRef, watch } from 'vue'

export const pageTitle = shallowRef('')

/** For as long as the page is there. */
export function useTitle(title: () => string): void {
  const stop = watch(title, (text) => (pageTitle.value = text), { immediate: true })
  onScopeDispose(() => {
    stop()
    pageTitle.value = ''
  })
}
