/** Which queues a person answers, as the form has them. */

/**
 * What is sent of them: nothing unless a box was touched, for what nobody chose stays as it is. Of those chosen, those that there are: one
 * that is no more cannot be chosen again. None is every queue.
 */
export function queuesToSend(before: readonly string[], chosen: readonly string[], there: readonly string[]): { queues?: string[] | null } {
  if (before.length === chosen.length && before.every((name) => chosen.includes(name))) return {}
  const queues = chosen.filter((name) => there.includes(name))
  return { queues: queues.length ? queues : null }
}
