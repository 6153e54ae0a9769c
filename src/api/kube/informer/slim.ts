import type { KubeObject } from '../../../model/object.ts';

/**
 * The object without managedFields, which are often half of it, and deeply frozen. An update without them leaves them
 * as they are.
 */
export function slim<T extends KubeObject>(object: T): T {
  delete object.metadata.managedFields;
  return deepFreeze(object);
}

/** Freezes JSON data in place. */
function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    for (const child of Object.values(value)) deepFreeze(child);
    Object.freeze(value);
  }
  return value;
}
