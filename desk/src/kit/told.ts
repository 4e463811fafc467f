/**
 * What is told of an entry (what is wrong with it, where that is said, its test id) belongs on the input that has the keyboard. Element
 * Plus puts it on a box around it, or nowhere: so it is put there from here, after each drawing.
 */
import { onMounted, onUpdated, useAttrs } from 'vue'

type Told = Record<string, unknown>

const isTold = (name: string) => name.startsWith('aria-') || name.startsWith('data-') || name === 'title'

/** What the component was given that stands on its input; the rest (class, style) is its outside's. */
function given(attrs: Told): Told {
  return Object.fromEntries(Object.entries(attrs).filter(([name]) => isTold(name)))
}

/** For a component with one input below `root`; `more` is what it has to tell of it besides. */
export function useToldOn(root: () => HTMLElement | null, more: () => Told = () => ({})): void {
  const attrs = useAttrs()
  let before: string[] = []

  function tell(): void {
    const input = root()?.querySelector('input')
    if (!input) return
    const told = Object.entries({ ...given(attrs), ...more() }).filter(([, value]) => value !== undefined && value !== null && value !== false)
    for (const name of before) if (!told.some(([other]) => other === name)) input.removeAttribute(name)
    for (const [name, value] of told) input.setAttribute(name, String(value))
    before = told.map(([name]) => name)
  }

  onMounted(tell)
  onUpdated(tell)
}
