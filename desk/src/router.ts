/** Pages. Each is loaded when first gone to; who may not see one is sent home (the server would refuse its requests anyway). */
import { createRouter, createWebHistory } from 'vue-router'
import { useSession } from './session'
import type { Right } from './wire'

declare module 'vue-router' {
  interface RouteMeta {
    rights?: Right[]
  }
}

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/login', name: 'login', component: () => import('./pages/LoginPage.vue') },
    {
      path: '/',
      component: () => import('./parts/TheFrame.vue'),
      children: [
        { path: '', name: 'desk', component: () => import('./pages/DeskPage.vue'), meta: { rights: ['desk'] } },
        { path: 'password', name: 'password', component: () => import('./pages/PasswordPage.vue') },
        { path: 'welcome', name: 'welcome', component: () => import('./pages/WelcomePage.vue'), meta: { rights: ['desk'] } },
        { path: 'tickets', name: 'tickets', component: () => import('./pages/TicketsPage.vue'), meta: { rights: ['tickets.read'] } },
        { path: 'tickets/:id(\\d+)', name: 'ticket', component: () => import('./pages/TicketPage.vue'), meta: { rights: ['tickets.read'] } },
        { path: 'calls', name: 'calls', component: () => import('./pages/CallsPage.vue'), meta: { rights: ['calls.read', 'calls.read_own'] } },
        // the id is a query: it has a dot in it, which in a path would name a file
        { path: 'calls/one', name: 'call', component: () => import('./pages/CallPage.vue'), meta: { rights: ['calls.read', 'calls.read_own'] } },
        { path: 'customers', name: 'customers', component: () => import('./pages/CustomersPage.vue'), meta: { rights: ['customers.read'] } },
        { path: 'people', name: 'people', component: () => import('./pages/PeoplePage.vue'), meta: { rights: ['people'] } },
        { path: 'lexicon', name: 'lexicon', component: () => import('./pages/LexiconPage.vue'), meta: { rights: ['lexicon.write'] } },
        { path: 'audit', name: 'audit', component: () => import('./pages/AuditPage.vue'), meta: { rights: ['audit'] } },
        { path: 'system', name: 'system', component: () => import('./pages/SystemPage.vue'), meta: { rights: ['system'] } },
      ],
    },
    { path: '/:rest(.*)*', redirect: '/' },
  ],
})

let asked = false

router.beforeEach(async (to) => {
  const session = useSession()
  if (!session.me && !asked) {
    asked = true
    // no answer: the log-in page says so and goes on asking
    await session.load().catch(() => false)
  }
  if (!session.me) return to.name === 'login' ? true : { name: 'login', query: to.fullPath === '/' ? {} : { to: to.fullPath } }
  if (session.me.must_change) return to.name === 'password' ? true : { name: 'password' }
  if (to.name === 'login') return session.home
  const rights = to.meta.rights
  if (rights && !session.can(...rights)) return to.path === session.home ? true : session.home
  return true
})
