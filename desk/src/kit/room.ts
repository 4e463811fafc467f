/** What a room tells of itself: the router and the frame's navigation are made from the list of rooms, `rooms/index.ts`. */
import type { Component } from 'vue'
import type { Key } from '@/words'
import type { Right } from './wire'

/** The order of the groups in the navigation. */
export const GROUPS = ['work', 'knowledge', 'quality', 'reports', 'setup'] as const
export type Group = (typeof GROUPS)[number]

export interface Page {
  name: string
  path: string
  /** Loaded when first gone to. */
  component: () => Promise<Component>
  /** Whoever has one of these may go in; left out: whoever is logged in. */
  rights?: Right[]
  /** Another address (another ticket, another call) is another page; left out: the same page with another view. */
  perAddress?: true
  /** A page of its own, without the frame around it. */
  bare?: true
  /** Nobody need be logged in: whoever comes has another way to say who they are. */
  open?: true
}

export interface Entry {
  group: Group
  text: Key
  icon: Component
  /** Shows how much waits there; made only for whoever may go in. */
  count?: Component
}

export interface Room {
  name: string
  /** The first one is where the navigation leads, with its rights. */
  pages: [Page, ...Page[]]
  /** Left out: reached from elsewhere. */
  entry?: Entry
}
