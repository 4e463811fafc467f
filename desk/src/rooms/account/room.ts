/** Log-in, the own password, the first day: reached from the account menu. */
import type { Room } from '@/kit/room'

export const account: Room = {
  name: 'account',
  pages: [
    { path: 'login', name: 'login', component: () => import('./LoginPage.vue'), bare: true },
    { path: 'password', name: 'password', component: () => import('./PasswordPage.vue') },
    { path: 'welcome', name: 'welcome', component: () => import('./WelcomePage.vue'), rights: ['desk'] },
  ],
}
