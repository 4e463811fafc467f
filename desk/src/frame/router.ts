/** The pages of all rooms. Who may not see one is sent home (the server would refuse its requests anyway). */
import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router'
import { Unreachable } from '@/kit/http'
import { tell } from '@/kit/problems'
import type { Page, Room } from '@/kit/room'
import { useSession } from '@/kit/session'
import type { Right } from '@/kit/wire'
import { ROOMS } from '@/rooms'

declare module 'vue-router' {
  interface RouteMeta {
    /** The room's name; pages outside of the frame have one too. */
    room?: string
    rights?: Right[]
    perAddress?: true
    open?: true
  }
}

function routes(isBare: boolean): RouteRecordRaw[] {
  const made = (room: Room, { path, name, component, rights, perAddress, open }: Page) => ({
    path: isBare ? `/${path}` : path,
    name,
    component,
    meta: { room: room.name, rights, perAddress, open },
  })
  return ROOMS.flatMap((room) => room.pages.filter((page) => Boolean(page.bare) === isBare).map((page) => made(room, page)))
}

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    ...routes(true),
    { path: '/', component: () => import('./TheFrame.vue'), children: routes(false) },
    { path: '/:rest(.*)*', redirect: '/' },
  ],
})

let asked = false

router.beforeEach(async (to) => {
  if (to.meta.open) return true
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

// the code of a page is read when it is first wanted: without a network, or of a version that is no more, one stays where one is
router.onError((_, to) => tell(new Unreachable(to.path)))
