/** What stands in the frame, drawn as a server would. */
import { ID_INJECTION_KEY, ZINDEX_INJECTION_KEY } from 'element-plus'
import { focusableStack } from 'element-plus/es/components/focus-trap/src/utils.mjs'
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, test, vi } from 'vitest'
import { createSSRApp, h } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import { renderToString } from 'vue/server-renderer'
import TheFrame from '../src/frame/TheFrame.vue'
import { overDialogs } from '../src/kit/focus'
import { useSession } from '../src/kit/session'
import { TEST } from '../src/kit/testids'
import { usePhone } from '../src/telephone/phone'
import { speak } from '../src/words'
import { me } from './made'

/** What the frame asks of a browser as it is loaded. */
vi.hoisted(() => {
  const matchMedia = () => ({ matches: false, addEventListener: () => undefined, removeEventListener: () => undefined })
  const nothing = { getItem: () => null, setItem: () => undefined, removeItem: () => undefined }
  Object.assign(globalThis, { window: globalThis, matchMedia, localStorage: nothing, sessionStorage: nothing, addEventListener: () => undefined })
})

beforeEach(() => {
  setActivePinia(createPinia())
  speak('en')
  vi.stubGlobal('WebSocket', class extends EventTarget { close() {} })
  vi.stubGlobal('fetch', async () => new Response('[]'))
  // the counts in the navigation listen to it
  vi.stubGlobal('document', { visibilityState: 'hidden', documentElement: {}, addEventListener: () => undefined, removeEventListener: () => undefined })
})

async function frame(): Promise<string> {
  const app = createSSRApp({ render: () => h(TheFrame) })
  app.provide(ID_INJECTION_KEY, { prefix: 1, current: 0 })
  app.provide(ZINDEX_INJECTION_KEY, { current: 0 })
  app.use(createRouter({ history: createMemoryHistory(), routes: [{ path: '/:rest(.*)*', component: { render: () => null } }] }))
  return renderToString(app)
}

test('who loses the extension in a call keeps the row where it is ended', async () => {
  useSession().me = me({ extension: null })
  usePhone().phase = 'talking'
  expect(await frame()).toContain(`data-testid="${TEST.call.hangup}"`)
  usePhone().phase = 'idle'
  expect(await frame()).not.toContain('call-row')
})

test('what opens over a dialog has the keyboard until it closes', () => {
  vi.stubGlobal('document', { activeElement: null, addEventListener: () => undefined })
  vi.stubGlobal('HTMLElement', class {})
  const dialog = { paused: false, pause: () => (dialog.paused = true), resume: () => (dialog.paused = false) }
  focusableStack.push(dialog as never)
  const close = overDialogs()
  expect(dialog.paused).toBe(true)
  close()
  expect(dialog.paused).toBe(false)
  focusableStack.remove(dialog as never)
})
