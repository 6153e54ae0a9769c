import { randomUUID } from 'node:crypto';
import { timestamp } from '../../../lib/clock.ts';
import { fail, MoorageError } from '../../../lib/errors.ts';
import { deepestNesting, isDeeperThan } from '../../../lib/json.ts';
import { missingFrom } from '../../../lib/lists.ts';
import { immutable } from '../../../model/field-errors.ts';
import { apiVersionOf, type FieldError, type Kind, resourceOf } from '../../../model/kind.ts';
import { newFinalizers } from '../../../model/metadata.ts';
import { isDeleting, type KubeObject, type ObjectMeta, type ObjectRef, refTo } from '../../../model/object.ts';
import type { DeleteOptions } from '../../api.ts';
import type { Admission, Request } from '../admission/admission.ts';
import { mutable, same } from '../frozen.ts';
import type { Transaction } from '../store.ts';
import { deletionFinalizers, finalizersLeft, terminating } from './deletion.ts';
import { InvalidObject } from './invalid-object.ts';
import { generateName, withoutServerFields } from './metadata.ts';
import { checkMetadata, parseObject } from './parse.ts';
import { checkDeletion, checkUpdate } from './preconditions.ts';

/** How a write came, and whether it is only tried. */
export interface Mode {
  /** Over a wire: then the schema and the kind's own checks are applied too. */
  readonly outside: boolean;
  readonly dryRun: boolean;
  /** Throws if the one who writes must not: asked last, about what would be written, status writes among it. */
  readonly check?: WriteCheck | undefined;
}

/** Looks at a write that is about to happen, and throws if its writer must not do that. */
export type WriteCheck = (write: Request) => void;

interface WithStatus extends KubeObject {
  status?: unknown;
}

/**
 * What the API's writes mean, as Kubernetes defines it: each is a function of the newest state, and ends in at most
 * one put or remove.
 */
export class Writes {
  readonly #admissions: readonly Admission[];

  constructor(admissions: readonly Admission[]) {
    this.#admissions = admissions;
  }

  create<T extends KubeObject>(state: Transaction, kind: Kind<T>, given: T, mode: Mode): T {
    refuseUnwritable(kind, mode);
    const { metadata } = given;
    if (mode.outside) checkMetadata(kind, tidy(metadata));
    const what = metadata.name || metadata.generateName || '';
    if (metadata.resourceVersion) {
      fail('invalid', `creating ${kind.kind} "${what}": resourceVersion should not be set on objects to be created`);
    }
    let draft = named(state, kind, withoutServerFields(given));
    const { name } = draft.metadata;
    if (kind.hasStatus) draft = withStatus(draft, undefined);
    draft.metadata.uid = randomUUID();
    draft.metadata.creationTimestamp = timestamp();
    if (kind.hasGeneration) draft.metadata.generation = 1;
    const ready = this.#admit(state, 'create', kind, draft, undefined, mode);
    if (state.get(kind, refTo(ready))) fail('already-exists', `${resourceOf(kind)} "${name}" already exists`);
    return mode.dryRun ? ready : state.put(kind, ready);
  }

  update<T extends KubeObject>(state: Transaction, kind: Kind<T>, given: T, mode: Mode): T {
    if (mode.outside) checkMetadata(kind, tidy(given.metadata));
    const old = this.#current(state, kind, given.metadata, mode);
    let next: T = { ...given, metadata: keptMetadata(given.metadata, old.metadata) };
    if (kind.hasStatus) next = withStatus(next, old);
    refuseNewFinalizers(kind, next, old);
    next = this.#admit(state, 'update', kind, next, old, mode);
    if (kind.hasGeneration && wishChanged(next, old)) {
      next.metadata = { ...next.metadata, generation: (old.metadata.generation ?? 0) + 1 };
    }
    return store(state, kind, next, old, mode);
  }

  updateStatus<T extends KubeObject>(state: Transaction, kind: Kind<T>, given: T, mode: Mode): T {
    if (!kind.hasStatus) fail('not-found', `${resourceOf(kind)} has no status subresource`);
    if (mode.outside) checkMetadata(kind, tidy(given.metadata));
    const old = this.#current(state, kind, given.metadata, mode);
    let next = withStatus(old, given);
    if (mode.outside) next = this.#parseStatus(kind, next, given, old);
    const completed = kind.completeStatus?.(next, old) ?? next;
    const write = { operation: 'update', subresource: 'status', kind, object: completed, old, state } as const;
    mode.check?.({ ...write, outside: mode.outside } as unknown as Request);
    return store(state, kind, completed, old, mode);
  }

  /** `change` makes the new object from a copy of the old one. */
  patch<T extends KubeObject>(
    state: Transaction,
    kind: Kind<T>,
    ref: ObjectRef,
    change: (old: T) => T,
    subresource: 'status' | undefined,
    mode: Mode,
  ): T {
    const old = this.#current(state, kind, ref, mode);
    const patched = change(mutable(old));
    if (isDeeperThan(patched, deepestNesting)) {
      const why = `the result is nested too deeply: an object may have ${deepestNesting} levels`;
      fail('invalid', `patching ${resourceOf(kind)} "${ref.name}": ${why}`);
    }
    const { name, namespace, uid } = patched.metadata;
    throwIf(kind, ref.name, uid ? immutable('metadata.uid', uid, old.metadata.uid) : []);
    if (name !== old.metadata.name || namespace !== old.metadata.namespace) {
      fail('invalid', `patching ${resourceOf(kind)} "${ref.name}": the patch must not change its name or namespace`);
    }
    return subresource === 'status'
      ? this.updateStatus(state, kind, patched, mode)
      : this.update(state, kind, patched, mode);
  }

  delete<T extends KubeObject>(
    state: Transaction,
    kind: Kind<T>,
    ref: ObjectRef,
    { preconditions, propagationPolicy }: DeleteOptions,
    mode: Mode,
  ): T | undefined {
    refuseUnwritable(kind, mode);
    const old = state.get(kind, ref);
    if (!old) return undefined;
    checkDeletion(kind, old.metadata, preconditions ?? {});
    this.#check({ operation: 'delete', kind, object: old, old: undefined, outside: mode.outside, state }, mode);
    const finalizers = deletionFinalizers(old.metadata.finalizers ?? [], propagationPolicy);
    const next = terminating(kind, old, finalizers);
    if (finalizersLeft(next) > 0) return store(state, kind, next, old, mode);
    return mode.dryRun ? old : state.remove(kind, old);
  }

  /** What comes from outside as a status, with the metadata that some kinds take along with it. */
  #parseStatus<T extends KubeObject>(kind: Kind<T>, next: T, given: T, old: T): T {
    const { name } = old.metadata;
    if (!kind.statusTakesMetadata) return parseObject(kind, next, name);
    const parsed = parseObject(kind, { ...next, metadata: keptMetadata(given.metadata, old.metadata) }, name);
    kind.prepare?.(parsed);
    refuseNewFinalizers(kind, parsed, old);
    throwIf(kind, name, kind.validate?.(parsed, old) ?? []);
    return parsed;
  }

  /** The object that a write is about, if the write's own idea of it is the newest. */
  #current<T extends KubeObject>(
    state: Transaction,
    kind: Kind<T>,
    given: ObjectRef & Partial<ObjectMeta>,
    mode: Mode,
  ): T {
    refuseUnwritable(kind, mode);
    const old = state.get(kind, given) ?? fail('not-found', `${resourceOf(kind)} "${given.name}" not found`);
    checkUpdate(kind, old.metadata, { uid: given.uid, resourceVersion: given.resourceVersion });
    return old;
  }

  /** Schema, defaults, rules; in that order, as far as the write's way asks for them. Returns what may be written. */
  #admit<T extends KubeObject>(
    state: Transaction,
    operation: 'create' | 'update',
    kind: Kind<T>,
    draft: T,
    old: T | undefined,
    mode: Mode,
  ): T {
    const { name } = draft.metadata;
    const object = mode.outside ? parseObject(kind, draft, name) : mutable(draft);
    kind.prepare?.(object);
    const request: Request<T> = { operation, kind, object, old, outside: mode.outside, state };
    for (const { admit } of this.#rulesFor(kind)) admit?.(request as unknown as Request);
    if (mode.outside) {
      throwIf(kind, name, kind.validate?.(object, old) ?? []);
    }
    this.#check(request, mode);
    return object;
  }

  #check<T extends KubeObject>(request: Request<T>, mode: Mode): void {
    for (const { check } of this.#rulesFor(request.kind)) check?.(request as unknown as Request);
    mode.check?.(request as unknown as Request);
  }

  #rulesFor(kind: { group: string; plural: string }): Admission[] {
    const resource = resourceOf(kind);
    return this.#admissions.filter((rule) => rule.resource === undefined || rule.resource === resource);
  }
}

/** Writes what differs from before; an object whose last finalizer went, goes. */
function store<T extends KubeObject>(state: Transaction, kind: Kind<T>, next: T, old: T, { dryRun }: Mode): T {
  if (same(next, old)) return old;
  if (dryRun) return next;
  return isDeleting(next) && finalizersLeft(next) === 0 ? state.remove(kind, next) : state.put(kind, next);
}

/** The object with its type, its name and its namespace, on fresh metadata. */
function named<T extends KubeObject>(state: Transaction, kind: Kind<T>, given: T): T {
  const metadata = tidy(given.metadata);
  const draft: T = { ...given, apiVersion: apiVersionOf(kind), kind: kind.kind, metadata };
  if (kind.namespaced && !metadata.namespace) {
    fail('invalid', `creating ${kind.kind} "${metadata.name}": an empty namespace may not be set during creation`);
  }
  if (!kind.namespaced) delete metadata.namespace;
  if (metadata.name === '' && metadata.generateName) {
    do metadata.name = generateName(metadata.generateName);
    while (state.get(kind, refTo(draft)));
  }
  return draft;
}

/** The metadata of an update: what only the server sets stays as it was. */
function keptMetadata(given: ObjectMeta, old: ObjectMeta): ObjectMeta {
  const { managedFields: _managed, selfLink: _link, deletionTimestamp: _deleted, ...rest } = tidy(given);
  return tidy({
    ...rest,
    name: old.name,
    namespace: old.namespace,
    uid: old.uid,
    resourceVersion: old.resourceVersion,
    generateName: old.generateName,
    creationTimestamp: old.creationTimestamp,
    deletionTimestamp: old.deletionTimestamp,
    deletionGracePeriodSeconds: old.deletionGracePeriodSeconds,
    generation: old.generation,
  } as ObjectMeta);
}

/** A copy without what is empty: absent and empty are one and the same for Kubernetes. */
function tidy(metadata: ObjectMeta): ObjectMeta {
  const entries = Object.entries(metadata).filter(
    ([key, value]) =>
      value !== undefined &&
      (key === 'name' || typeof value !== 'object' || (value !== null && Object.keys(value).length > 0)),
  );
  return { ...Object.fromEntries(entries), name: metadata.name ?? '' };
}

function withStatus<T extends KubeObject>(object: T, from: WithStatus | undefined): T {
  const { status: _status, ...rest } = object as WithStatus;
  // Only the status differs, and it comes from an object of the same kind.
  return (from?.status === undefined ? rest : { ...rest, status: from.status }) as T;
}

/** True if anything but metadata and status differs: then metadata.generation counts up. */
function wishChanged(next: KubeObject, old: KubeObject): boolean {
  const wish = ({ metadata: _metadata, status: _status, ...rest }: WithStatus) => rest;
  return !same(wish(next), wish(old));
}

/** What is on its way out can't be held by more than held it before. */
function refuseNewFinalizers<T extends KubeObject>(kind: Kind<T>, next: T, old: T): void {
  const added = missingFrom(old.metadata.finalizers, next.metadata.finalizers);
  if (isDeleting(old) && added.length > 0) throwIf(kind, old.metadata.name, [newFinalizers(added)]);
}

function throwIf(kind: Pick<Kind, 'group' | 'kind'>, name: string, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw new InvalidObject(kind, name, errors);
}

/** What can only be read is written by Moorage itself, if at all. */
function refuseUnwritable(kind: { writable: boolean; group: string; plural: string }, { outside }: Mode): void {
  if (kind.writable || !outside) return;
  throw new MoorageError('unsupported', `${resourceOf(kind)} can only be read here`);
}
