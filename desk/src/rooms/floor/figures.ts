/** How a queue's figures of today are shown. */
import { percent } from '@/kit/format'
import type { QueueFigures, Wire } from '@/kit/wire'
import { t } from '@/words'

/** The share answered in time; null when nobody has called. */
export function levelOf(queue: QueueFigures): string | null {
  return queue.service_level_today === null ? null : percent(queue.service_level_today)
}

/** What it was made from, by which formula. */
export function formulaOf(queue: QueueFigures): string {
  return t('queue.formula', {
    name: queue.service_level_formula,
    answered: queue.answered_today,
    inTime: queue.answered_in_time_today,
    abandoned: queue.abandoned_today,
    short: queue.short_abandons_today,
    answeredAgain: queue.answered_again_today,
    abandonedAgain: queue.abandoned_again_today,
  })
}

/** The same of one's own. */
export function formulaOfMine(mine: Wire<'OwnToday'>): string {
  return t('day.formula', { name: mine.formula, answered: mine.answered, inTime: mine.answered_in_time, missed: mine.missed })
}
