/** Whatever offers choices, days or numbers is the kit's, not the browser's: that one speaks the browser's language and looks like the machine. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const pages = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.vue'))
const NATIVE = /<(?:select|option|datalist)\b|<input\b[^>]*\btype="(?:date|time|datetime-local|month|week|number|color)"/

const offends = (template: string) => NATIVE.test(template)

test('no page has a choice, a day or a number of the browser', () => {
  expect(pages.length).toBeGreaterThan(50)
  expect(pages.filter((file) => offends(readFileSync(join('src', file), 'utf8')))).toEqual([])
})

test.each(['<select v-model="it">', '<option value="">', '<input\n  v-model="day"\n  class="in" type="date" />', '<input type="number" min="1">'])('the check finds %s', (template) => {
  expect(offends(template)).toBe(true)
})

test.each(['<TheSelect v-model="it" />', '<input type="search">', '<input v-model="name">', '<input type="checkbox">'])('the check leaves %s alone', (template) => {
  expect(offends(template)).toBe(false)
})
