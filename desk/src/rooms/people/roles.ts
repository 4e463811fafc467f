/** What a person is called here: a person may hold several roles. */
import type { Role } from '@/kit/wire'
import { t } from '@/words'

/** In the order in which they are offered; one that the server knows and this list does not is an error of the types. */
export const ROLES = Object.keys({
  junior_agent: true,
  text_entry_clerk: true,
  recording_extractor: true,
  senior_agent: true,
  surveyor: true,
  data_administrator: true,
  qa_inspector: true,
  statistician: true,
  shift_leader: true,
  manager: true,
  department_officer: true,
  administrator: true,
} satisfies Record<Role, true>) as Role[]

export const roleNames = (roles: readonly Role[]) => roles.map((role) => t(`role.${role}`)).join(t('people.and'))
