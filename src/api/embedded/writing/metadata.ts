import { randomBytes } from 'node:crypto';
import type { KubeObject } from '../../../model/object.ts';

const suffixLetters = 'bcdfghjklmnpqrstvwxz2456789';
const suffixLength = 5;
const maxGeneratedBase = 63 - suffixLength;

/** A name from metadata.generateName: the prefix and five random letters, at most 63 in all. */
export function generateName(prefix: string): string {
  let suffix = '';
  for (const byte of randomBytes(suffixLength)) suffix += suffixLetters[byte % suffixLetters.length];
  return prefix.slice(0, maxGeneratedBase) + suffix;
}

/** The object without what only the server may set. */
export function withoutServerFields<T extends KubeObject>(object: T): T {
  const {
    uid: _uid,
    resourceVersion: _version,
    creationTimestamp: _created,
    deletionTimestamp: _deleted,
    deletionGracePeriodSeconds: _grace,
    generation: _generation,
    selfLink: _link,
    managedFields: _managed,
    ...metadata
  } = object.metadata;
  return { ...object, metadata };
}
