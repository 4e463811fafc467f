/** Who is logged in and what they may do. Rights are decided by the server; here they only hide what would be refused. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { language, speak } from '@/words'
import * as api from './api'
import { learn } from './clock'
import { begins, onLoggedOut, Refused } from './http'
import { forget, keep, kept } from './kept'
import { useNewest } from './newest'
import type { Language, Me, Right, Wire } from './wire'

const isNobody = (error: unknown) => error instanceof Refused && error.status === 401

export const useSession = defineStore('session', () => {
  const me = ref<Me | null>(null)
  /** The server no longer knows this session. Who sat here is still `me` until they leave: a call under way is finished first. */
  const ended = ref(false)
  /** Why the server could not be asked who we are; null when it answered. */
  const away = shallowRef<unknown>(null)
  /** The page's own socket may tell of the end before the answer to the log-out comes: that is no news. */
  let leaving = false
  /** In a call: leaving the frame would hang up on somebody. */
  let talks = () => false
  const questions = useNewest()

  speak(kept<Language>('language', navigator.language.toLowerCase().startsWith('zh') ? 'zh-CN' : 'en'))
  onLoggedOut(gone)

  function gone(): void {
    ended.value = me.value !== null && !leaving
    forget('loggedIn')
  }

  /** Nobody logs out while this is so. */
  const stayWhile = (isTalking: () => boolean) => void (talks = isTalking)

  /** From the frame to the log-in page. */
  function leave(): void {
    me.value = null
    away.value = null
  }

  function take(fresh: Me): void {
    learn(fresh.server_time)
    begins()
    me.value = fresh
    ended.value = false
    away.value = null
    speak(fresh.language)
    keep('language', fresh.language)
    keep('loggedIn', true)
  }

  /** True when the session is still there, and still this person's. Where nobody ever logged in, nobody is asked. */
  async function load(): Promise<boolean> {
    if (leaving || (!me.value && !kept('loggedIn', false))) return false
    const question = questions.ask()
    try {
      const fresh = await api.me()
      // another tab of this browser logged somebody else in: what comes from now on is theirs, and is not shown under this name
      if (me.value && me.value.id !== fresh.id) ended.value = true
      else if (question.isNewest()) take(fresh)
      return !ended.value
    } catch (error) {
      away.value = isNobody(error) ? null : error
      if (isNobody(error)) return false
      throw error
    }
  }

  async function login(body: Wire<'LoginBody'>): Promise<void> {
    const chosen = language()
    const fresh = await api.login(body)
    questions.forget() // who was here before
    take(fresh)
    if (me.value && !me.value.must_change && me.value.language !== chosen && kept('languageChosen', false)) await chooseLanguage(chosen)
  }

  async function logout(): Promise<void> {
    leaving = true
    try {
      await api.logout(talks)
    } catch (error) {
      if (!isNobody(error)) throw error // otherwise the session had ended already
    } finally {
      leaving = false
    }
    forget('loggedIn')
    // a call taken while the server was asked is finished first, as under any session that ended
    if (talks()) ended.value = true
    else leave()
  }

  async function chooseLanguage(wanted: Language): Promise<void> {
    speak(wanted)
    keep('language', wanted)
    keep('languageChosen', true)
    if (!me.value || me.value.must_change) return
    const question = questions.ask()
    const fresh = await api.changeMe({ language: wanted })
    if (question.isNewest()) take(fresh)
    else await load() // which of both came first at the server nobody knows here
  }

  const can = (...anyOf: Right[]) => anyOf.some((right) => me.value?.rights.includes(right))
  const hasPhone = computed(() => Boolean(me.value?.extension) && can('desk'))
  /** Each role's home answers: what must I do next? */
  const home = computed(() => {
    if (can('desk')) return '/'
    if (can('people')) return '/system'
    return can('orders.answer') ? '/orders' : '/home'
  })
  return { me, ended, away, can, hasPhone, home, load, leave, stayWhile, login, logout, chooseLanguage }
})
