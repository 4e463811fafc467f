/** Where the keyboard is. When what had the focus goes away, a browser gives it to nobody: whoever works by keys starts at the top again. */
import { focusableStack } from 'element-plus/es/components/focus-trap/src/utils.mjs'
import { nextTick } from 'vue'

const FIRST_WRONG = '[aria-invalid="true"]'
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

/** After something was taken away: nothing is done where the focus still is somewhere. */
export async function keepFocus(): Promise<void> {
  await nextTick()
  if (!document.activeElement || document.activeElement === document.body) await toHeading()
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
