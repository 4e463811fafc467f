/** Wire values for tests: whole, with what matters given. */
import type { Version } from '../src/kit/newest'
import type { AgentState, Board, Me, PopCard, Ticket } from '../src/kit/wire'

const AT = '2026-11-23T12:00:00Z'

/** What its holder can do with a ticket. */
const STEPS: Record<Ticket['state'], Ticket['may']> = {
  draft: ['change', 'confirm', 'discard'], open: ['change', 'close'], closed: [], discarded: ['restore'],
}

export function ticket(given: Partial<Ticket> = {}): Ticket {
  return {
    id: 7,
    number: null,
    state: 'draft',
    version: 1,
    call_id: 'tingsu-1795000000.7',
    customer_id: null,
    customer_number: '13800138000',
    customer_name: '',
    kind: null,
    business: null,
    nature: null,
    suggestion: null,
    severity: 'ordinary',
    channel: 'telephone',
    acknowledged_at: null,
    acknowledged_by: null,
    acknowledged_how: null,
    closing: null,
    repeat_of: null,
    not_accepted_at: null,
    description: '',
    address: '',
    contact_number: '',
    answer: '',
    sources: {},
    received_at: AT,
    created_by: null,
    owner: 'Li Ting',
    owner_id: 2,
    level: 'junior',
    held_since: null,
    tier: null,
    confirmed_at: null,
    confirmed_by: null,
    changed_at: AT,
    drafting: 'none',
    may: STEPS[given.state ?? 'draft'],
    deadlines: [],
    wants: given.state === 'open' ? ['answer', 'description', 'kind'] : ['description', 'kind'],
    ...given,
  }
}

export function card(given: Partial<PopCard> = {}): PopCard {
  return {
    id: 'tingsu-1795000000.7/tingsu-1795000000.8',
    stage: 'first',
    history: true,
    call_id: 'tingsu-1795000000.7',
    number: '13800138000',
    name_sent: '',
    customer: null,
    ivr_path: '1',
    language: 'zh-CN',
    queue: 'complaints',
    queued_at: AT,
    offered_at: AT,
    open_tickets: [],
    last_calls: [],
    ...given,
  }
}

const FIGURES = {
  waiting: 0, oldest_since: null, answered_today: 0, answered_in_time_today: 0, abandoned_today: 0, short_abandons_today: 0,
  answered_again_today: 0, abandoned_again_today: 0, service_level_today: null, service_level_formula: 'D',
  answer_seconds: 15,
}

export function board(state: AgentState, version: Version): Board {
  return {
    version,
    link: { up: true, since: AT, detail: '' },
    me: { person_id: 2, name: 'Li Ting', extension: '1007', state, reason: '', since: AT, call_id: null },
    agents: [],
    queues: [{ queue: 'complaints', zh: '投诉', en: 'Complaints', ...FIGURES }],
    together: FIGURES,
    mine: null,
    wrap_up_until: null,
    wanted: 'ready',
  }
}

export function me(given: Partial<Me> = {}): Me {
  return {
    id: 2,
    login: 'liting',
    name: 'Li Ting',
    roles: ['junior_agent'],
    rights: ['desk', 'tickets.read', 'tickets.write'],
    extension: '1007',
    phone_kind: 'browser',
    language: 'en',
    must_change: false,
    department: null,
    server_time: AT,
    version: '0',
    centre: 'Tingsu',
    ...given,
  }
}
