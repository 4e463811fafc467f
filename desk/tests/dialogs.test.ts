/** A click beside a dialog throws nothing away that was typed into it: every dialog is the kit's, and that one knows. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const KIT = 'kit/TheDialog.vue'
const pages = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.vue'))
const text = (file: string) => readFileSync(join('src', file), 'utf8')
/** Closed by a click beside them: nothing that is typed there would be missed. */
const LIGHT = ['frame/TheFrame.vue', 'frame/ThePalette.vue', 'kit/TheQuestion.vue']

test('no page has a dialog of its own', () => {
  const own = /\b(?:ElDialog|ElDrawer|ElMessageBox)\b|<dialog\b/
  expect(pages.filter((file) => file !== KIT && own.test(text(file)))).toEqual([])
})

test('a click beside it closes a dialog only where nothing is typed', () => {
  expect(text(KIT)).toContain(':close-on-click-modal="light"')
  expect(pages.filter((file) => /<TheDialog\s[^>]*\blight\b/.test(text(file))).sort()).toEqual(LIGHT)
  expect(pages.filter((file) => file !== KIT && text(file).includes('close-on-click-modal'))).toEqual([])
})

test('every dialog in which something is typed says what it is about, and every form in one what is typed', () => {
  const FILES = 'rooms/customers/CustomersPage.vue' // and a second one, for a file: nothing is typed into it
  const heavy = (file: string) => [...text(file).matchAll(/<TheDialog\b[^]*?>/g)].filter(([tag]) => !/\blight\b/.test(tag))
  const silent = pages.filter((file) => heavy(file).some(([tag]) => !tag.includes(':about=') && !(file === FILES && tag.includes('importing'))))
  expect(silent).toEqual([])
  const forms = pages.filter((file) => /^rooms.*Form\.vue$/.test(file) && text(file).includes('useEntries'))
  expect(forms.length).toBeGreaterThan(6)
  expect(forms.filter((file) => !/useEntries\b[^]*?, (?:\{ [\w, ]+ \}|toRefs\(\w+\))\)\n/.test(text(file)))).toEqual([])
})

test('no dialog sends a version that was taken when it was opened', () => {
  const forms = pages.filter((file) => /Form\.vue$/.test(file) && /\bversion\b/.test(text(file)))
  expect(forms).toContain('rooms/hotline/DecisionForm.vue')
  const frozen = /(?:const|let)\s*\{[^}]*\bversion\b[^}]*\}\s*=\s*props|=\s*props\.\w+\.version\b/
  expect(forms.filter((file) => frozen.test(text(file)))).toEqual([])
})
