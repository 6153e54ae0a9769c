import { fail } from '../../../lib/errors.ts';
import { type Kind, resourceOf } from '../../../model/kind.ts';
import type { ObjectMeta } from '../../../model/object.ts';
import type { DeleteOptions } from '../../api.ts';
import { refuse } from '../../status.ts';

type About = Pick<Kind, 'group' | 'kind' | 'plural'>;
type Preconditions = NonNullable<DeleteOptions['preconditions']>;

/** Throws `conflict` if a write is about another object of the same name, or about a state that is no longer the newest. */
export function checkUpdate(kind: About, { name, uid, resourceVersion }: ObjectMeta, wanted: Preconditions): void {
  const lost = (why: string): never =>
    fail('conflict', `Operation cannot be fulfilled on ${resourceOf(kind)} "${name}": ${why}`);
  if (wanted.uid && wanted.uid !== uid) {
    lost(`Precondition failed: UID in precondition: ${wanted.uid}, UID in object meta: ${uid}`);
  }
  if (wanted.resourceVersion && wanted.resourceVersion !== resourceVersion) {
    lost('the object has been modified; please apply your changes to the latest version and try again');
  }
}

/** The same for a deletion, of which Kubernetes says it in other words. */
export function checkDeletion(about: About, { name, uid, resourceVersion }: ObjectMeta, wanted: Preconditions): void {
  const { group, kind } = about;
  const lost = (what: string, given: string, is: string | undefined, may: string): never => {
    const why = `the ${what} in the precondition (${given}) does not match the ${what} in record (${is}). ${may}`;
    const resource = group ? `${kind}.${group}` : kind;
    const message = `Operation cannot be fulfilled on ${resource} "${name}": ${why}`;
    return refuse(409, 'Conflict', message, { name, ...(group && { group }), kind });
  };
  if (wanted.uid && wanted.uid !== uid) {
    lost('UID', wanted.uid, uid, 'The object might have been deleted and then recreated');
  }
  if (wanted.resourceVersion && wanted.resourceVersion !== resourceVersion) {
    lost('ResourceVersion', wanted.resourceVersion, resourceVersion, 'The object might have been modified');
  }
}
