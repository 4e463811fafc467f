/** Editing the centre's classes: codes that stand stay, new ones do not get into another's place. */
import { expect, test } from 'vitest'
import { useClasses } from '../src/rooms/classes/classes'

const telephone = { list: 'business', code: 'telephone', zh: '电话', en: 'Telephone', position: 10, active: true, authority: null } as const
const sheet = { categories: [telephone], terms: [{ list: 'business', code: 'telephone', term: '电话', weight: 1 }] } as const

function open() {
  const classes = useClasses()
  classes.take({ categories: [...sheet.categories], terms: [...sheet.terms] })
  return classes
}

function added(classes: ReturnType<typeof useClasses>) {
  classes.addCategory()
  const fresh = classes.shown.value.at(-1)
  if (!fresh) throw new Error('no class was added')
  return fresh
}

test('the code of a class the centre has stays; that of a new one can be typed to its end', () => {
  const classes = open()
  const fresh = added(classes)
  expect(classes.shown.value.map(classes.isNew)).toEqual([false, true])
  classes.recode(fresh, 'tele')
  expect(classes.isNew(fresh)).toBe(true)
})

test('a code that another class has is refused', () => {
  const classes = open()
  const fresh = added(classes)
  expect(classes.recode(fresh, 'telephone')).toBe(false)
  expect(fresh.code).toBe('')
  expect(classes.termsOf('telephone')).toHaveLength(1)
})

test('the words of a new class go with its code, and it stays chosen', () => {
  const classes = open()
  const fresh = added(classes)
  classes.recode(fresh, 'fibre')
  classes.chosen.value = 'fibre'
  classes.addTerm()
  classes.recode(fresh, 'fiber')
  expect(classes.termsOf('fiber')).toHaveLength(1)
  expect(classes.chosen.value).toBe('fiber')
})

test('once saved, a new code stays', () => {
  const classes = open()
  classes.recode(added(classes), 'fibre')
  expect(classes.unsaved.value).toBe(true)
  classes.take(classes.body())
  expect(classes.shown.value.map(classes.isNew)).toEqual([false, false])
  expect(classes.unsaved.value).toBe(false)
})

test('before the centre\'s classes have come nothing is unsaved', () => {
  expect(useClasses().unsaved.value).toBe(false)
})

test('a new class whose code is cleared keeps it, its words too', () => {
  const classes = open()
  const fresh = added(classes)
  classes.recode(fresh, 'fibre')
  classes.chosen.value = 'fibre'
  classes.addTerm()
  expect(classes.recode(fresh, '')).toBe(true)
  expect([fresh.code, classes.chosen.value, classes.termsOf('fibre').length]).toEqual(['fibre', 'fibre', 1])
})

test('of two new classes without a code neither has the other\'s', () => {
  const classes = open()
  added(classes)
  expect(classes.recode(added(classes), '')).toBe(true)
})
