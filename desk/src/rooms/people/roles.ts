/** What a person is called here: a person may hold several roles. */
import type { Role } from '@/kit/wire'
import { t } from '@/words'

export const roleNames = (roles: readonly Role[]) => roles.map((role) => t(`role.${role}`)).join(t('people.and'))
