/** How the desk looks on this screen: light, dark or as the machine has it, and how much stands on a page. The browser remembers it. */
import { computed, ref, watch } from 'vue'
import { keep, kept } from './kept'

export const THEMES = ['light', 'dark', 'system'] as const
export type Theme = (typeof THEMES)[number]
export const DENSITIES = ['comfortable', 'compact'] as const
export type Density = (typeof DENSITIES)[number]

export const theme = ref<Theme>(kept<Theme>('theme', 'light'))
export const density = ref<Density>(kept<Density>('density', 'comfortable'))

/** How high a row of a list is: `--row` of the theme, for whoever reckons with it. */
export const rowPx = computed(() => (density.value === 'compact' ? 32 : 40))

/** Called once, before anything is drawn: nobody sees the other look first. */
export function dress(): void {
  const machine = window.matchMedia('(prefers-color-scheme: dark)')
  const put = () => {
    const isDark = theme.value === 'dark' || (theme.value === 'system' && machine.matches)
    document.documentElement.dataset.theme = isDark ? 'dark' : 'light'
    document.documentElement.dataset.density = density.value
  }
  machine.addEventListener('change', put)
  watch(theme, (chosen) => keep('theme', chosen))
  watch(density, (chosen) => keep('density', chosen))
  watch([theme, density], put, { immediate: true, flush: 'sync' })
}
