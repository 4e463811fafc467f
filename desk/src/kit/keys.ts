/** Keys of the whole desk. Function keys work while typing; the others only outside of fields. */
import { onScopeDispose } from 'vue'

const TYPING = 'input, textarea, select, [contenteditable="true"]'

function isTyping(event: KeyboardEvent): boolean {
  return event.target instanceof Element && event.target.closest(TYPING) !== null
}

/** `F8`, `Ctrl+K`, `?` -> what to do. */
export function useKeys(actions: Record<string, () => void>): void {
  function pressed(event: KeyboardEvent): void {
    if (event.isComposing || event.repeat || event.defaultPrevented) return
    const letter = event.key.length === 1 ? event.key.toUpperCase() : event.key
    const name = `${event.ctrlKey || event.metaKey ? 'Ctrl+' : ''}${event.altKey ? 'Alt+' : ''}${letter}`
    const action = actions[name]
    if (!action) return
    if (event.key.length === 1 && !event.ctrlKey && isTyping(event)) return
    event.preventDefault()
    action()
  }
  window.addEventListener('keydown', pressed)
  onScopeDispose(() => window.removeEventListener('keydown', pressed))
}
