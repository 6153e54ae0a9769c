import { createHash } from 'node:crypto';
import { subdomainErrors } from '../model/names.ts';

/** Whether a handle or a snapshot id can be the name of an object of ours: what can't was never given to anybody. */
export function canNameObject(id: string): boolean {
  return subdomainErrors(id).length === 0;
}

const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/**
 * The name of the object that a CSI name stands for: the name itself where it can be an object's, a name made from
 * its hash otherwise. The same name always gives the same object, so a retry finds what the first call made.
 */
export function objectName(prefix: 'vol' | 'snap' | 'inline', name: string): string {
  if (label.test(name)) return name;
  return `${prefix}-${createHash('sha256').update(name).digest('hex').slice(0, 32)}`;
}
