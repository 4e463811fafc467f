/** A row of the audit in the words of the desk. What this version has no words for stands as it was written. */
import type { AuditRow } from '@/kit/wire'
import { found, t } from '@/words'

const yesOrNo = (value: string) => found(`auditValue.${value}`)

/** Values that are codes of ours, by the detail they belong to. */
const VALUES: Readonly<Record<string, (value: string) => string | undefined>> = {
  role: (value) => found(`role.${value}`),
  roles: (value) => value.split(', ').map((role) => found(`role.${role}`) ?? role).join(t('people.and')),
  queues: (value) => (value === 'None' ? t('people.everyQueue') : undefined),
  phone_kind: (value) => found(`people.${value}`),
  language: (value) => found(`lang.${value}`),
  active: yesOrNo,
  search: yesOrNo,
  write: yesOrNo,
  partly: yesOrNo,
  unfinished: yesOrNo,
  side: (value) => found(`player.${value}`),
  through: (value) => found(`auditObject.${value}`),
}

export const actionOf = (row: AuditRow): string => found(`audited.${row.action.replaceAll('.', '_')}`) ?? row.action

/** `person:3` is the account's login, if it is known. */
export function objectOf(row: AuditRow, logins: ReadonlyMap<string, string>): string {
  const [kind = '', ...rest] = row.object.split(':')
  const id = rest.join(':')
  const which = kind === 'person' ? (id === 'unknown' ? t('auditValue.unknown') : (logins.get(id) ?? id)) : id
  return [found(`auditObject.${kind.replaceAll('-', '_')}`) ?? kind, which].filter(Boolean).join(' ')
}

/** A change is written `from -> to`; nothing was there before, or is there now, is None. */
function valueOf(key: string, written: string): string {
  const said = (value: string) => (value === 'None' ? t('form.empty') : (VALUES[key]?.(value) ?? value))
  return written.split(' -> ').map(said).join(' → ')
}

export function detailOf(row: AuditRow): string {
  const each = Object.entries(row.detail).map(([key, value]) => t('audit.told', { what: found(`auditDetail.${key}`) ?? key, value: valueOf(key, value) }))
  return each.join(' · ')
}
