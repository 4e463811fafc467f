/** Where the keyboard is. When what had the focus goes away, a browser gives it to nobody: whoever works by keys starts at the top again. */
import { nextTick } from 'vue'

const FIRST_WRONG = '[aria-invalid="true"]'

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

/** The first entry that is wrong, or what is said of all of them. */
export async function toFirstWrong(within: HTMLElement | null): Promise<void> {
  await nextTick()
  const wrong = within?.querySelector<HTMLElement>(FIRST_WRONG) ?? within?.querySelector<HTMLElement>('[role="alert"]')
  if (!wrong) return
  if (!wrong.matches('input, select, textarea, button, a')) wrong.tabIndex = -1
  wrong.focus()
}

/** A dialog that keeps the keyboard to itself is open: what opened over it would be typed into in vain. One that is closed may still be there. */
export function isKeyboardTaken(): boolean {
  const dialogs = [...document.querySelectorAll('[role="dialog"][aria-modal="true"]')]
  return dialogs.some((dialog) => dialog.getClientRects().length > 0)
}

/** In a dialog, the call's row or a menu, one stays where one is. */
function isOverPage(at: Element | null): boolean {
  return Boolean(at?.closest('[role="dialog"], .call-row, .el-popper'))
}
