/** The catalogue is complete: both languages, same placeholders, every key asked for is there, every key there is asked for. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { catalogue, PARTS, type Catalogue, type Pair } from '../src/words'

function flat(from: Catalogue, before = ''): [string, Pair][] {
  return Object.entries(from).flatMap(([key, value]) =>
    Array.isArray(value) ? [[`${before}${key}`, value as unknown as Pair] as [string, Pair]] : flat(value as Catalogue, `${before}${key}.`),
  )
}

const texts = flat(catalogue)
const source = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.(ts|vue)$/.test(file) && !/(^|\/)words(\/index)?\.ts$/.test(file) && file !== 'api.d.ts')
  .map((file) => readFileSync(join('src', file), 'utf8'))
  .join('\n')
const wire = readFileSync('src/api.d.ts', 'utf8')
const bare = (text: string) => text.replaceAll(/\{\w+\}|[^\p{Letter}]/gu, '')
const placeholders = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort()

test('a section stands in one room only: another of its name would take its place', () => {
  const sections = PARTS.flatMap((part) => Object.keys(part))

  expect(sections.filter((section, at) => sections.indexOf(section) !== at)).toEqual([])
  expect(new Set(sections)).toEqual(new Set(Object.keys(catalogue)))
})

test('every key has a text in both languages', () => {
  expect(texts.filter(([, pair]) => pair.length !== 2 || pair.some((text) => text.trim() === ''))).toEqual([])
})

test('both languages of a key have the same placeholders', () => {
  expect(texts.filter(([, [zh, en]]) => String(placeholders(zh)) !== String(placeholders(en)))).toEqual([])
})

test('the Chinese side is Chinese and the English side has no Chinese in it', () => {
  const han = /\p{Script=Han}/u

  expect(texts.filter(([, [zh, en]]) => (bare(zh) !== '' && !han.test(zh)) || han.test(en))).toEqual([])
})

test('no text contains what the message compiler would read as its own syntax', () => {
  expect(texts.filter(([, pair]) => pair.some((text) => /[@|]|\{(?!\w+\})/.test(text)))).toEqual([])
})

test('every key of the catalogue is asked for somewhere', () => {
  const asked = new Set([...source.matchAll(/'([a-z][A-Za-z]*(?:\.[\w-]+)+)'/g)].map((match) => match[1]))
  const families = (by: string) => new Set([...source.matchAll(new RegExp(`\\b${by}\\(\`([a-z][A-Za-z.]*)\\.\\$\\{`, 'g'))].map((match) => match[1]))
  const [open, closed] = [families('found'), families('t')]
  // what `t` puts together has a type: the last part is a value of ours or of the wire; what `found` does may be any code
  const values = new Set([...`${source}${wire}`.matchAll(/["'](\w[\w-]*)["']/g)].map((match) => match[1]))
  const isAsked = (family: string, last: string) => asked.has(`${family}.${last}`) || open.has(family) || (closed.has(family) && values.has(last))
  const unused = texts.map(([key]) => key).filter((key) => !isAsked(key.slice(0, key.lastIndexOf('.')), key.slice(key.lastIndexOf('.') + 1)))
  expect(unused).toEqual([])
})
