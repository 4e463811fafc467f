/** What is read on the desk can be read by everybody: WCAG AA, reckoned from the tokens of both themes. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

type Tokens = Record<string, string>

const css = readFileSync('src/kit/theme.css', 'utf8')

function tokensOf(selector: string): Tokens {
  const block = css.slice(css.indexOf(`${selector} {`)).split('}')[0] ?? ''
  return Object.fromEntries([...block.matchAll(/--([\w-]+): ([^;]+);/g)].map((match) => [match[1] as string, match[2] as string]))
}

const light = tokensOf(':root')
const THEMES = { light, dark: { ...light, ...tokensOf(":root[data-theme='dark']") } }

/** A token's colour, through the tokens that it names. */
function colour(tokens: Tokens, name: string): string {
  const said = name.startsWith('#') ? name : (tokens[name] ?? '')
  const other = /^var\(--([\w-]+)\)$/.exec(said)?.[1]
  return other ? colour(tokens, other) : said
}

function luminance(hex: string): number {
  const whole = hex.length === 4 ? [...hex.slice(1)].map((digit) => digit + digit).join('') : hex.slice(1)
  const [red = NaN, green = NaN, blue = NaN] = [0, 2, 4].map((at) => {
    const part = parseInt(whole.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrast(one: string, other: string): number {
  const [darker = NaN, lighter = NaN] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (lighter + 0.05) / (darker + 0.05)
}

/** Text on what lies under it. */
const TEXTS = [
  // what is said at the edge of the screen, with its button to close it
  ['ink', 'el-color-success-light-9'],
  ['ink', 'el-color-error-light-9'],
  ['ink', 'el-color-warning-light-9'],
  ['mute', 'el-color-success-light-9'],
  ['mute', 'el-color-error-light-9'],
  // pages
  ['ink', 'paper'],
  ['ink', 'ground'],
  ['ink', 'brand-soft'],
  ['ink', 'warn-soft'],
  ['mute', 'paper'],
  ['mute', 'ground'],
  ['mute', 'soft'],
  ['faint', 'paper'],
  ['brand', 'paper'],
  ['brand', 'brand-soft'],
  ['brand-dark', 'brand-soft'],
  ['warn', 'warn-soft'],
  ['warn', 'paper'],
  ['warn-dark', 'warn-soft'],
  ['bad', 'bad-soft'],
  ['bad', 'paper'],
  ['bad-dark', 'bad-soft'],
  ['#ffffff', 'fill'],
  ['#ffffff', 'fill-dark'],
  ['#ffffff', 'bad-fill'],
] as const
/** Marks and edges, which are seen and not read. */
const MARKS = [
  ['edge', 'paper'],
  ['el-color-success', 'el-color-success-light-9'],
  ['el-color-error', 'el-color-error-light-9'],
  ['amber', 'paper'],
] as const

test('black on white is what the standard says', () => {
  expect(contrast('#000', '#ffffff')).toBeCloseTo(21)
  expect(contrast('#777777', '#fff')).toBeCloseTo(4.48)
})

test.each(Object.entries(THEMES))('texts can be read in the %s theme', (_name, tokens) => {
  const weak = TEXTS.map(([text, ground]) => [text, ground, contrast(colour(tokens, text), colour(tokens, ground))] as const).filter(([, , ratio]) => !(ratio >= 4.5))
  expect(weak).toEqual([])
})

test.each(Object.entries(THEMES))('marks can be seen in the %s theme', (_name, tokens) => {
  const weak = MARKS.map(([mark, ground]) => [mark, ground, contrast(colour(tokens, mark), colour(tokens, ground))] as const).filter(([, , ratio]) => !(ratio >= 3))
  expect(weak).toEqual([])
})
