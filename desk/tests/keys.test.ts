/** The keys of the desk, each pressed as a keyboard sends it. */
import { beforeEach, expect, test, vi } from 'vitest'
import { effectScope } from 'vue'
import { KEYS, useKeys, usePresses, type KeyName } from '../src/kit/keys'

let listening: ((event: unknown) => void)[] = []

class Typing {
  closest = (selector: string) => (selector.startsWith('input') ? this : null)
}

beforeEach(() => {
  listening = []
  vi.stubGlobal('Element', Typing)
  vi.stubGlobal('window', {
    addEventListener: (_name: string, heard: (event: unknown) => void) => listening.push(heard),
    removeEventListener: (_name: string, heard: (event: unknown) => void) => (listening = listening.filter((one) => one !== heard)),
  })
})

function press(key: string, code: string, held: string[] = [], more: object = {}): boolean {
  let isTaken = false
  const event = {
    key, code, getModifierState: (name: string) => held.includes(name), preventDefault: () => (isTaken = true),
    ctrlKey: held.includes('Control'), altKey: held.includes('Alt'), metaKey: held.includes('Meta'),
    isComposing: false, repeat: false, defaultPrevented: false, target: null, ...more,
  }
  for (const heard of listening) heard(event)
  return isTaken
}

function keys(...names: KeyName[]) {
  const heard: KeyName[] = []
  const scope = effectScope()
  scope.run(() => useKeys(Object.fromEntries(names.map((name) => [name, () => void heard.push(name)]))))
  return { heard, scope }
}

test('each key does its own, and is kept from the browser', () => {
  const { heard } = keys('answer', 'palette', 'help', 'ready')

  expect(press('F2', 'F2')).toBe(true)
  expect(press('k', 'KeyK', ['Control'])).toBe(true)
  expect(press('?', 'Slash', ['Shift'])).toBe(true)
  expect(press('ß', 'KeyR', ['Alt'])).toBe(true)
  expect(press('k', 'KeyK')).toBe(false)
  expect(heard).toEqual(['answer', 'palette', 'help', 'ready'])
})

test('a bare letter while typing is text, a function key is not', () => {
  const { heard } = keys('answer', 'help', 'palette')
  const target = { target: new Typing() }

  expect(press('?', 'Slash', ['Shift'], target)).toBe(false)
  press('F2', 'F2', [], target)
  press('k', 'KeyK', ['Control'], target)
  expect(heard).toEqual(['answer', 'palette'])
})

test('what an input method composes, a key held down and what was taken already are passed over', () => {
  const { heard } = keys('answer')

  for (const how of [{ isComposing: true }, { repeat: true }, { defaultPrevented: true }]) press('F2', 'F2', [], how)
  expect(heard).toEqual([])
})

test('keys go with what they belong to', () => {
  const { heard, scope } = keys('answer')
  scope.stop()
  press('F2', 'F2')
  expect(heard).toEqual([])
})

test('the tones of a telephone are dialled with or without the shift key', () => {
  const heard: string[] = []
  effectScope().run(() => usePresses(Object.fromEntries([...'1*#'].map((tone) => [`[Shift]+${tone}`, () => void heard.push(tone)]))))
  press('1', 'Digit1')
  press('*', 'NumpadMultiply')
  press('#', 'Digit3', ['Shift'])
  expect(heard).toEqual(['1', '*', '#'])
})

test('no two keys are pressed alike', () => {
  const presses = Object.values(KEYS).map((key) => key.press)

  expect(new Set(presses).size).toBe(presses.length)
})
