/** What a person is called here: a person may hold several roles. */
import { t } from './words'
import type { Role } from './wire'

export const roleNames = (roles: readonly Role[]) => roles.map((role) => t(`role.${role}`)).join(t('people.and'))
