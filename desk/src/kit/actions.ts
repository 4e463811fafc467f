/** Where the head of a page about one thing has what can be done with it: whoever does it, a form further down, puts its buttons there. */
export const ACTIONS = 'detail-actions'
