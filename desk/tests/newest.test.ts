/** Older never wins, in whatever order answers and pushes come in. */
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, test, vi } from 'vitest'
import { supersedes, useNewest, type Version } from '../src/kit/newest'
import { useSession } from '../src/kit/session'
import { useLexicon } from '../src/rooms/classes/lexicon'
import { me } from './made'

beforeEach(() => setActivePinia(createPinia()))

/** Deterministic, so that a failure can be seen again. */
function shuffled<T>(items: readonly T[], seed: number): T[] {
  const left = [...items]
  const out: T[] = []
  for (let state = seed + 1; left.length > 0; ) {
    state = (state * 48271) % 2147483647
    out.push(...left.splice(state % left.length, 1))
  }
  return out
}

const replay = (versions: readonly Version[], epoch: number) =>
  versions.reduce<Version | null>((shown, fresh) => (supersedes(fresh, shown, epoch) ? fresh : shown), null)

test.each(Array.from({ length: 200 }, (_, seed) => seed))('in any order of arrival the newest stays, seed %i', (seed) => {
  const run = Array.from({ length: 12 }, (_, n) => ({ epoch: 5, n }))
  expect(replay(shuffled([...run, ...run], seed), 5)).toEqual({ epoch: 5, n: 11 })
})

test.each(Array.from({ length: 50 }, (_, seed) => seed))('what another run of the server said never comes in between, seed %i', (seed) => {
  const run = Array.from({ length: 6 }, (_, n) => ({ epoch: 5, n }))
  const others = [4, 6].flatMap((epoch) => Array.from({ length: 6 }, (_, n) => ({ epoch, n: n + 100 })))
  expect(replay(shuffled([...run, ...others], seed), 5)).toEqual({ epoch: 5, n: 5 })
})

test('what is shown is not shown again as news', () => {
  expect(supersedes({ epoch: 5, n: 3 }, { epoch: 5, n: 3 }, 5)).toBe(false)
})

test('of two questions only the later one counts, whichever is answered first', () => {
  const questions = useNewest()
  const first = questions.ask()
  const second = questions.ask()
  expect([first.isNewest(), second.isNewest()]).toEqual([false, true])
  questions.forget()
  expect(second.isNewest()).toBe(false)
})

/** Answers given by hand, in whatever order. */
function byHand() {
  const waiting: { path: string; answer: (body: unknown) => void }[] = []
  vi.stubGlobal('fetch', (path: string) => new Promise((done) => waiting.push({ path, answer: (body) => done(new Response(JSON.stringify(body))) })))
  return waiting
}

const settled = () => new Promise((done) => setTimeout(done, 0))

test('who one is, asked twice, is what the later question was answered', async () => {
  const session = useSession()
  session.me = me()
  const waiting = byHand()
  const both = [session.load(), session.load()]
  waiting[1]?.answer(me({ extension: '1008' }))
  await settled()
  waiting[0]?.answer(me({ extension: '1007' }))
  await Promise.all(both)
  expect(session.me?.extension).toBe('1008')
})

test('a language chosen while somebody asked who one is is not lost to either order of the answers', async () => {
  const session = useSession()
  session.me = me({ language: 'en' })
  const waiting = byHand()
  const choosing = session.chooseLanguage('zh-CN')
  const asking = session.load()
  waiting[1]?.answer(me({ language: 'en' })) // looked up before the choice was written
  await settled()
  waiting[0]?.answer(me({ language: 'zh-CN' }))
  await settled()
  waiting[2]?.answer(me({ language: 'zh-CN' }))
  await Promise.all([choosing, asking])
  expect(session.me?.language).toBe('zh-CN')
})

test('classes read before a change and answered after it do not come back', async () => {
  const lexicon = useLexicon()
  const waiting = byHand()
  const both = [lexicon.load(), lexicon.load(true)]
  waiting[1]?.answer({ categories: [], terms: [{ list: 'business', code: 'a', term: 'new', weight: 1 }] })
  await settled()
  waiting[0]?.answer({ categories: [], terms: [] })
  await Promise.all(both)
  expect(lexicon.lexicon.terms.map((one) => one.term)).toEqual(['new'])
})
