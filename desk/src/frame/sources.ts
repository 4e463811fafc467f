/** What the palette can offer: the ways and steps of the desk, what was lately on it, and what the server finds. */
import { computed, shallowRef } from 'vue'
import { useRouter } from 'vue-router'
import { grouped, moment } from '@/kit/format'
import { useLive } from '@/kit/live'
import { useNewest } from '@/kit/newest'
import { useSession } from '@/kit/session'
import type { CallRow, Customer, Right, TicketRow } from '@/kit/wire'
import { calls } from '@/rooms/calls/api'
import { customers } from '@/rooms/customers/api'
import { REASONS, useOwnState } from '@/rooms/floor/ownState'
import { people } from '@/rooms/people/api'
import { tickets } from '@/rooms/tickets/api'
import { keyOfNew } from '@/rooms/tickets/form'
import { useHanding } from '@/telephone/handing'
import { usePhone } from '@/telephone/phone'
import { t } from '@/words'
import { entriesFor } from './entries'
import type { Item } from './finding'

/** Looked through here, where the first letters of a name are enough; the server looks through all, by the text itself. */
const LATELY = 50
const FOUND = 6
/** Of a shorter text everything would be found. */
const LEAST_LETTERS = 2
const LEAST_DIGITS = 3

export function useSources(showKeys: () => void) {
  const router = useRouter()
  const session = useSession()
  const live = useLive()
  const own = useOwnState()
  const phone = usePhone()
  const handing = useHanding()
  const lately = shallowRef<readonly Item[]>([])
  const asked = shallowRef<readonly Item[]>([])
  const recalls = useNewest()
  const questions = useNewest()

  const go = (to: Parameters<typeof router.push>[0]) => () => void router.push(to)

  const ofTicket = (row: TicketRow): Item => ({
    id: `ticket-${row.id}`,
    kind: 'ticket',
    text: [row.customer_name || grouped(row.customer_number), row.summary].filter(Boolean).join(' · '),
    beside: [row.number ?? t(`ticketState.${row.state}`), row.customer_name ? grouped(row.customer_number) : ''].filter(Boolean).join(' · '),
    act: go(`/tickets/${row.id}`),
  })

  const ofCall = (row: CallRow): Item => ({
    id: `call-${row.id}`,
    kind: 'call',
    text: row.customer?.name || row.name_sent || grouped(row.number) || t('pop.withheld'),
    beside: [row.customer?.name || row.name_sent ? grouped(row.number) : '', moment(row.started_at)].filter(Boolean).join(' · '),
    act: go({ name: 'call', query: { id: row.id } }),
  })

  const ofCustomer = (row: Customer): Item => ({
    id: `customer-${row.id}`,
    kind: 'customer',
    text: row.name,
    beside: grouped(row.number),
    act: go({ name: 'customers', query: { q: row.number } }),
  })

  const ways = computed<Item[]>(() => [
    ...entriesFor(session.can).map((way) => ({ id: `go-${way.name}`, kind: 'go' as const, text: t(way.text), act: go(way.to) })),
    { id: 'go-password', kind: 'go', text: t('password.title'), act: go('/password') },
  ])

  const steps = computed<Item[]>(() => {
    const state: Item[] = [
      { id: 'do-ready', kind: 'do', text: t('state.toReady'), key: 'ready', act: () => void own.want({ state: 'ready' }) },
      ...REASONS.map((reason): Item => ({ id: `do-${reason}`, kind: 'do', text: t('palette.pause', { reason: t(`reason.${reason}`) }), act: () => void own.want({ state: 'paused', reason }) })),
      { id: 'do-away', kind: 'do', text: t('state.toAway'), act: () => void own.want({ state: 'away' }) },
    ]
    const fresh: Item = {
      id: 'do-ticket',
      kind: 'do',
      text: t('form.new'),
      act: () => void router.push({ name: 'ticket', params: { id: 'new' }, query: { key: keyOfNew(session.me?.id ?? 0) } }),
    }
    return [...(session.can('tickets.write') ? [fresh] : []), ...(session.hasPhone ? state : []), { id: 'do-keys', kind: 'do', text: t('keys.title'), key: 'help', act: showKeys }]
  })

  const mayHandTo = (extension: string) => phone.busy && phone.canHandOn && extension !== live.board?.me?.extension

  /** Whoever has a telephone now; an administrator knows everybody. In a call it is who the caller can be handed on to. */
  const colleagues = computed<Item[]>(() =>
    (live.board?.agents ?? []).map((one) => ({
      id: `person-${one.extension}`,
      kind: 'person',
      text: one.name,
      beside: [one.extension, t(`state.${one.state}`), mayHandTo(one.extension) ? t('bar.transfer') : ''].filter(Boolean).join(' · '),
      act: mayHandTo(one.extension) ? () => handing.begin(one.extension) : go(session.can('people') ? '/people' : '/'),
    })),
  )

  const known = computed<Item[]>(() => [...ways.value, ...steps.value, ...colleagues.value, ...lately.value])

  /** What cannot be had is not offered; the rest is. */
  async function each(...wanted: [rights: Right[], read: () => Promise<Item[]>][]): Promise<Item[]> {
    const open = wanted.filter(([rights]) => session.can(...rights))
    return (await Promise.all(open.map(([, read]) => read().catch(() => [])))).flat()
  }

  const foundTickets = async (q?: string) => (await tickets({ q, limit: q ? FOUND : LATELY })).tickets.map(ofTicket)
  const foundCalls = async (number?: string) => (await calls({ number, limit: number ? FOUND : LATELY })).calls.map(ofCall)
  const ofPeople = async () => {
    const everybody = await people()
    return everybody.map((one): Item => ({ id: `person-${one.extension ?? one.login}`, kind: 'person', text: one.name, beside: [one.login, one.extension].filter(Boolean).join(' · '), act: go('/people') }))
  }

  /** When the palette opens: what was lately on the desk, to be found by its first letters. */
  async function recall(): Promise<void> {
    asked.value = []
    const question = recalls.ask()
    const fresh = await each([['tickets.read'], foundTickets], [['calls.read', 'calls.read_own'], foundCalls], [['people'], ofPeople])
    if (question.isNewest()) lately.value = fresh
  }

  async function ask(typed: string): Promise<void> {
    const question = questions.ask()
    const digits = typed.replaceAll(/\D/g, '')
    const fresh =
      typed.length < LEAST_LETTERS
        ? []
        : await each(
            [['tickets.read'], () => foundTickets(typed)],
            [['customers.read'], async () => (await customers({ q: typed, limit: FOUND })).customers.map(ofCustomer)],
            ...(digits.length < LEAST_DIGITS ? [] : [[['calls.read', 'calls.read_own'], () => foundCalls(digits)] as [Right[], () => Promise<Item[]>]]),
          )
    if (question.isNewest()) asked.value = fresh
  }

  return { known, asked, recall, ask }
}
