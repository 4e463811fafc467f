/** Several tabs of one browser, one phone. */
import { beforeEach, expect, test, vi } from 'vitest'
import { Tab } from '../src/telephone/tab'
import { FakeLocks } from './locks'

const settled = () => new Promise((done) => setTimeout(done, 0))

function open() {
  const told: string[] = []
  const tab = new Tab(2, { held: () => told.push('held'), waits: () => told.push('waits'), answer: () => false, lost: () => told.push('lost') })
  tab.wait()
  return { tab, told }
}

beforeEach(() => vi.stubGlobal('navigator', { locks: new FakeLocks() }))

test('the first tab holds the phone, the second waits', async () => {
  const first = open()
  const second = open()
  await settled()
  expect([first.told, second.told]).toEqual([['held'], ['waits']])
})

test('when the tab with the phone goes the one that waited has it', async () => {
  const first = open()
  const second = open()
  await settled()
  first.tab.release()
  await settled()
  expect(second.told).toEqual(['waits', 'held'])
})

test('a tab that gave up waiting does not get the phone', async () => {
  const first = open()
  const second = open()
  await settled()
  second.tab.release()
  first.tab.release()
  await settled()
  expect(second.told).toEqual(['waits'])
})

test('the phone can be taken over, and back', async () => {
  const first = open()
  const second = open()
  await settled()
  expect(await second.tab.take()).toBe(true)
  await settled()
  expect([first.told, second.told]).toEqual([['held', 'lost', 'waits'], ['waits', 'held']])
  expect(await first.tab.take()).toBe(true)
  await settled()
  expect([first.tab.held, second.tab.held, second.told]).toEqual([true, false, ['waits', 'held', 'lost', 'waits']])
})

test('it is not taken from under a call', async () => {
  const first = open()
  const second = open()
  first.tab.hasCall(true)
  await settled()
  expect(await second.tab.take()).toBe(false)
  expect([first.told, second.told]).toEqual([['held'], ['waits']])
  first.tab.hasCall(false)
  await settled()
  expect(await second.tab.take()).toBe(true)
})

test('where a browser has no locks every tab holds the phone', () => {
  vi.stubGlobal('navigator', {})
  expect([open().told, open().told]).toEqual([['held'], ['held']])
})
