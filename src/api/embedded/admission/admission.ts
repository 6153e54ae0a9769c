import { MoorageError } from '../../../lib/errors.ts';
import { type Kind, resourceOf } from '../../../model/kind.ts';
import type { KubeObject } from '../../../model/object.ts';
import type { Transaction } from '../store.ts';

/** A write that is about to happen. */
export interface Request<T extends KubeObject = KubeObject> {
  readonly operation: 'create' | 'update' | 'delete';
  readonly kind: Kind<T>;
  /** What would be written; for a delete, what would go. */
  readonly object: T;
  /** The state before, for updates. */
  readonly old: T | undefined;
  /** True if it came over a wire, false if one of our own controllers writes. */
  readonly outside: boolean;
  /** Set for a write of the status. */
  readonly subresource?: 'status';
  /** The newest state of everything. */
  readonly state: Pick<Transaction, 'get' | 'list'>;
}

/** A rule that looks beyond one object. It stands for one kind, or for all. Status writes do not pass here. */
export interface Admission {
  /** `plural.group` of the kind that it is about; without it, all kinds. */
  readonly resource?: string;
  /** May change request.object, which is a fresh copy. Runs before defaults are checked. */
  readonly admit?: (request: Request) => void;
  /** Throws if the write must not happen. */
  readonly check?: (request: Request) => void;
}

/** A rule for one kind, typed as that kind. */
export function admissionFor<T extends KubeObject>(
  kind: Kind<T>,
  rule: { readonly admit?: (request: Request<T>) => void; readonly check?: (request: Request<T>) => void },
): Admission {
  // The resource keeps other kinds away from the rule, so that the types agree.
  return { resource: resourceOf(kind), ...(rule as unknown as Omit<Admission, 'resource'>) };
}

/** The refusal of a write, in Kubernetes' words: `persistentvolumeclaims "data" is forbidden: …`. */
export function forbidden(
  { group, plural }: { group: string; plural: string },
  name: string,
  why: string,
): MoorageError {
  return new MoorageError('permission', `${resourceOf({ group, plural })} "${name}" is forbidden: ${why}`);
}
