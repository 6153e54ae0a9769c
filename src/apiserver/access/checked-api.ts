import type { EmbeddedApi } from '../../api/embedded/embedded-api.ts';
import type { WriteCheck } from '../../api/embedded/writing/writes.ts';
import type { Kind } from '../../model/kind.ts';
import type { User } from './authentication.ts';
import { isRbacKind, refuseEscalation } from './rbac/escalation.ts';
import type { Rbac } from './rbac/rbac.ts';

/** The API as a user may write it: beside what their roles allow, what the objects that they write may say. */
export function checkedApi(api: EmbeddedApi, kind: Kind, user: User, rbac: Rbac): EmbeddedApi {
  const check = isRbacKind(kind)
    ? (write: Parameters<WriteCheck>[0]) => refuseEscalation(rbac, user, write)
    : undefined;
  // Its getters go on to tell what is so now.
  return check ? Object.create(api, { fromOutside: { value: api.fromOutsideIf(check) } }) : api;
}
