/** Every room of the desk, in the order of the navigation. */
import type { Room } from '@/kit/room'
import { account } from './account/room'
import { audit } from './audit/room'
import { calls } from './calls/room'
import { classes } from './classes/room'
import { customers } from './customers/room'
import { floor } from './floor/room'
import { people } from './people/room'
import { system } from './system/room'
import { tickets } from './tickets/room'

export const ROOMS: readonly Room[] = [floor, tickets, calls, customers, people, classes, audit, system, account]
