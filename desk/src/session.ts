/** Who is logged in and what they may do. Rights are decided by the server; here they only hide what would be refused. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import * as api from './server'
import { learn } from './clock'
import { onLoggedOut, Refused } from './http'
import { forget, keep, kept } from './kept'
import { language, speak } from './words'
import type { Language, Me, Wire } from './wire'

/** The server's words for what one may do (services.people.rights). */
export type Right =
  | 'desk'
  | 'calls.read'
  | 'calls.read_own'
  | 'recordings.listen'
  | 'recordings.listen_own'
  | 'tickets.read'
  | 'tickets.write'
  | 'customers.read'
  | 'customers.write'
  | 'lexicon.write'
  | 'people'
  | 'audit'
  | 'system'

export const useSession = defineStore('session', () => {
  const me = ref<Me | null>(null)
  const ended = ref(false)

  speak(kept<Language>('language', navigator.language.toLowerCase().startsWith('zh') ? 'zh-CN' : 'en'))
  onLoggedOut(() => {
    ended.value = me.value !== null
    me.value = null
    forget('loggedIn')
  })

  function take(fresh: Me): void {
    learn(fresh.server_time)
    me.value = fresh
    ended.value = false
    speak(fresh.language)
    keep('language', fresh.language)
    keep('loggedIn', true)
  }

  /** True when a session was found. Where nobody ever logged in, nobody is asked. */
  async function load(): Promise<boolean> {
    if (!kept('loggedIn', false)) return false
    try {
      take(await api.me())
      return true
    } catch (error) {
      if (error instanceof Refused && error.status === 401) {
        me.value = null
        return false
      }
      throw error
    }
  }

  async function login(body: Wire<'LoginBody'>): Promise<void> {
    const chosen = language()
    take(await api.login(body))
    if (me.value && !me.value.must_change && me.value.language !== chosen && kept('languageChosen', false)) await chooseLanguage(chosen)
  }

  async function logout(): Promise<void> {
    await api.logout()
    forget('loggedIn')
    me.value = null
  }

  async function chooseLanguage(wanted: Language): Promise<void> {
    speak(wanted)
    keep('language', wanted)
    keep('languageChosen', true)
    if (me.value && !me.value.must_change) take(await api.changeMe({ language: wanted }))
  }

  const can = (...anyOf: Right[]) => anyOf.some((right) => me.value?.rights.includes(right))
  const hasPhone = computed(() => Boolean(me.value?.extension) && can('desk'))
  /** Each role's home answers: what must I do next? */
  const home = computed(() => (can('desk') ? '/' : can('people') ? '/system' : '/calls'))
  return { me, ended, can, hasPhone, home, load, login, logout, chooseLanguage, take }
})
