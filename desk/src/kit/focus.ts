/** Where the keyboard is. When what had the focus goes away, a browser gives it to nobody: whoever works by keys starts at the top again. */
import { focusableStack } from 'element-plus/es/components/focus-trap/src/utils.mjs'
import { nextTick } from 'vue'

const FIRST_WRONG = '[aria-invalid="true"]'
const PLACES = 'li, article, section, form, [role="dialog"]'
/** It keeps the keyboard to itself. */
const MODAL = '[role="dialog"][aria-modal="true"]'

/** The page's heading: where one begins to read after arriving. */
export async function toHeading(): Promise<void> {
  await nextTick()
  const main = document.getElementById('main')
  if (!main || main.contains(document.activeElement) || isOverPage(document.activeElement)) return
  const heading = main.querySelector<HTMLElement>('h1') ?? main
  heading.tabIndex = -1
  heading.focus({ preventScroll: true })
}

/** After something was taken away: nothing is done where the focus still is somewhere. `near`: what it belonged to, if that is there still. */
export async function keepFocus(near?: HTMLElement | null): Promise<void> {
  await nextTick()
  if (document.activeElement && document.activeElement !== document.body) return
  if (!near?.isConnected) return toHeading()
  near.tabIndex = -1
  near.focus({ preventScroll: true })
}

/** What a thing that had the focus belonged to: its row, card, panel or dialog, the nearest first. */
function around(thing: HTMLElement): HTMLElement[] {
  const found: HTMLElement[] = []
  for (let at = thing.parentElement?.closest<HTMLElement>(PLACES); at; at = at.parentElement?.closest<HTMLElement>(PLACES)) found.push(at)
  return found
}

/**
 * For as long as the returned is not called, a step that takes away the very button that was pressed leaves the keyboard at what that
 * belonged to, and one that shuts it meanwhile gives it back to it. Whoever clicks beside everything has nothing, as ever.
 */
export function mindFocus(): () => void {
  let last: HTMLElement | null = null
  /** Of where one is, and of where one was before a dialog opened. */
  let here: HTMLElement[] = []
  let before: HTMLElement[] = []
  /** What had the focus cannot be pressed for the moment: the browser has taken the focus away. */
  let isShut = false
  let frame = 0

  function came({ target }: FocusEvent): void {
    if (!(target instanceof HTMLElement)) return
    last = target
    isShut = false
    here = around(target)
    if (!target.closest(MODAL)) before = here
  }

  function look(): void {
    frame = 0
    if (!last || (document.activeElement && document.activeElement !== document.body)) return
    if (last.isConnected && last.matches(':disabled')) return // until it is over
    if (last.isConnected && last.checkVisibility()) {
      if (isShut) last.focus({ preventScroll: true })
      return
    }
    // a dialog may be gone before it has the focus: `last` stays what it is until something has it, and the next change looks again
    void keepFocus([...here, ...before].find((place) => place.isConnected && place.checkVisibility()))
  }

  /** Two frames later: whoever keeps the focus for themselves has done so by then, and the browser has taken it away. */
  function changed(): void {
    isShut ||= Boolean(last?.matches(':disabled'))
    if (!frame) frame = requestAnimationFrame(() => void (frame = requestAnimationFrame(look)))
  }

  const watcher = new MutationObserver(changed)
  watcher.observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ['disabled', 'style'] })
  document.addEventListener('focusin', came)
  return () => {
    watcher.disconnect()
    cancelAnimationFrame(frame)
    document.removeEventListener('focusin', came)
  }
}

const ENTRY = 'input:not([type="checkbox"], [type="radio"]), textarea, [role="combobox"]'

/** Where the form of the dialog begins that has just opened; before that it is not drawn and can have no focus. Whoever types already goes on. */
export function intoDialog(): void {
  const dialog = [...document.querySelectorAll<HTMLElement>(MODAL)].findLast((one) => one.checkVisibility())
  if (!dialog?.contains(document.activeElement) || !document.activeElement?.matches(ENTRY)) dialog?.querySelector<HTMLElement>(ENTRY)?.focus()
}

/** The first entry that is wrong, or what is said of all of them. */
export async function toFirstWrong(within: HTMLElement | null): Promise<void> {
  await nextTick()
  const wrong = within?.querySelector<HTMLElement>(FIRST_WRONG) ?? within?.querySelector<HTMLElement>('[role="alert"]')
  if (!wrong) return
  if (!wrong.matches('input, select, textarea, button, a')) wrong.tabIndex = -1
  wrong.focus()
}

/**
 * Something opens over the dialogs: until the returned is called they do not take the keyboard back, and Esc is not theirs. Whoever
 * was in a dialog is there again afterwards.
 */
export function overDialogs(): () => void {
  const before = document.activeElement
  const layer = { paused: false, pause: () => undefined, resume: () => undefined }
  focusableStack.push(layer)
  return () => {
    focusableStack.remove(layer)
    if (before instanceof HTMLElement && before.isConnected && before.closest(MODAL)) before.focus({ preventScroll: true })
  }
}

/** In a dialog, the call's row or a menu, one stays where one is. */
function isOverPage(at: Element | null): boolean {
  return Boolean(at?.closest('[role="dialog"], .call-row, .el-popper'))
}
