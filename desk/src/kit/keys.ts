/** Keys of the whole desk, each once: what is pressed, and how it is written beside its action. */
import { onScopeDispose } from 'vue'
import { tinykeys } from 'tinykeys'

interface Key {
  /** In the words of tinykeys; where it is a letter, the key in its place, whatever the layout. */
  press: string
  shown: string
}

export const KEYS = {
  answer: { press: 'F2', shown: 'F2' },
  mute: { press: 'F4', shown: 'F4' },
  confirm: { press: 'F8', shown: 'F8' },
  close: { press: 'Alt+KeyC', shown: 'Alt+C' },
  hold: { press: 'F9', shown: 'F9' },
  hangup: { press: 'F10', shown: 'F10' },
  transfer: { press: 'Alt+KeyT', shown: 'Alt+T' },
  ready: { press: 'Alt+KeyR', shown: 'Alt+R' },
  pause: { press: 'Alt+KeyP', shown: 'Alt+P' },
  inbox: { press: 'Alt+KeyN', shown: 'Alt+N' },
  palette: { press: '$mod+KeyK', shown: 'Ctrl+K' },
  help: { press: '[Shift]+?', shown: '?' },
} as const satisfies Record<string, Key>
export type KeyName = keyof typeof KEYS

const TYPING = 'input, textarea, select, [contenteditable="true"]'

/** Function keys and those with Ctrl or Alt work while typing; a bare letter there is text. */
export function isText(event: KeyboardEvent): boolean {
  const isTyping = event.target instanceof Element && event.target.closest(TYPING) !== null
  return isTyping && event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey
}

/** Presses, in the words of tinykeys, and what each does for as long as the scope lives. */
export function usePresses(actions: Record<string, () => void>): void {
  const acting = Object.entries(actions).map(([press, act]) => [
    press,
    (event: KeyboardEvent) => {
      event.preventDefault()
      act()
    },
  ])
  const ignore = (event: KeyboardEvent) => event.isComposing || event.repeat || event.defaultPrevented || isText(event)
  onScopeDispose(tinykeys(window, Object.fromEntries(acting), { ignore }))
}

export function useKeys(actions: Partial<Record<KeyName, () => void>>): void {
  const pairs = Object.entries(actions) as [KeyName, () => void][]
  usePresses(Object.fromEntries(pairs.map(([name, act]) => [KEYS[name].press, act])))
}
