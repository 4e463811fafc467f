/** The journal as it goes on paper: what somebody changed within some minutes is one change, as a form that is saved while one types writes many. Pure. */
import type { JournalRow } from '@/kit/wire'

/** From one change to the next. */
const PAUSE_MS = 10 * 60_000
const TYPED = 'change'

type Changes = JournalRow['changes']

function follows(before: JournalRow, row: JournalRow): boolean {
  const isTyping = before.action === TYPED && row.action === TYPED && before.by === row.by && !before.note && !row.note
  return isTyping && Date.parse(row.at) - Date.parse(before.at) < PAUSE_MS
}

/** From what stood there first to what stood there at last; what was taken back is none. */
function together(before: Changes, after: Changes): Changes {
  const all: Changes = { ...before }
  for (const [field, change] of Object.entries(after)) all[field] = [before[field] ? before[field][0] : change[0], change[1]]
  return all
}

const isChange = ([before, after]: Changes[string]) => (before ?? '') !== (after ?? '')

/** Oldest first. */
export function condensed(rows: readonly JournalRow[]): JournalRow[] {
  const all: JournalRow[] = []
  for (const row of [...rows].sort((a, b) => a.seq - b.seq)) {
    const last = all.at(-1)
    if (last && follows(last, row)) all[all.length - 1] = { ...row, changes: together(last.changes, row.changes) }
    else all.push(row)
  }
  return all
    .map((row) => (row.action === TYPED ? { ...row, changes: Object.fromEntries(Object.entries(row.changes).filter(([, change]) => isChange(change))) } : row))
    .filter((row) => row.action !== TYPED || row.note || Object.keys(row.changes).length > 0)
}
