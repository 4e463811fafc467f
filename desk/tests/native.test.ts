/** Whatever takes text, choices, days or numbers is the kit's, not the browser's: that one speaks the browser's language and looks like the machine. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const pages = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.vue'))
const NATIVE = /<(?:select|option|datalist|textarea)\b/
const INPUT = /<input\b(?:[^>"]|"[^"]*")*>/g
/** What the browser does as well as anybody: a box to tick, a slider, a file to choose. */
const LET = /\btype="(?:checkbox|radio|range|file)"/
/** An entry that nobody sees, and why it is there. */
const EXCEPTIONS: Record<string, string> = {
  'rooms/account/PasswordPage.vue': '<input class="hidden" tabindex="-1" aria-hidden="true" autocomplete="username" :value="session.me?.login" readonly />', // by it the browser keeps the new password under its person's name
}

const offends = (template: string) => NATIVE.test(template) || [...template.matchAll(INPUT)].some(([tag]) => !LET.test(tag))

function read(file: string): string {
  const exception = EXCEPTIONS[file]
  return readFileSync(join('src', file), 'utf8').replace(exception ?? '', '')
}

test('no page has a text, a choice, a day or a number of the browser', () => {
  expect(pages.length).toBeGreaterThan(50)
  expect(pages.filter((file) => offends(read(file)))).toEqual([])
})

test('each exception is still there', () => {
  for (const [file, tag] of Object.entries(EXCEPTIONS)) expect(readFileSync(join('src', file), 'utf8')).toContain(tag)
})

test.each([
  '<select v-model="it">', '<option value="">', '<input\n  v-model="day"\n  class="in" type="date" />', '<input type="number" min="1">',
  '<input v-model="name">', '<input type="search">', '<input :disabled="a > b" />', '<textarea v-model="text" rows="4" />', '<input type="checkbox" /> <input v-model="name" />',
])('the check finds %s', (template) => {
  expect(offends(template)).toBe(true)
})

test.each(['<TheSelect v-model="it" />', '<TheInput v-model="name" />', '<input v-model="on" type="checkbox" @change="(it) => turn(it)" />', '<input type="file">', '<input type="range" />'])('the check leaves %s alone', (template) => {
  expect(offends(template)).toBe(false)
})
