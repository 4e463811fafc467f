/** Every room of the desk, in the order of the navigation. */
import type { Room } from '@/kit/room'
import { account } from './account/room'
import { audit } from './audit/room'
import { calls } from './calls/room'
import { classes } from './classes/room'
import { customers } from './customers/room'
import { departments } from './departments/room'
import { floor } from './floor/room'
import { inbox } from './inbox/room'
import { orders } from './orders/room'
import { people } from './people/room'
import { reviews } from './reviews/room'
import { system } from './system/room'
import { tickets } from './tickets/room'
import { warnings } from './warnings/room'

export const ROOMS: readonly Room[] = [floor, orders, tickets, reviews, calls, customers, warnings, people, departments, classes, audit, system, inbox, account]
