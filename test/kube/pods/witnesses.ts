import { expect } from 'vitest';
import { claim, on, pod } from './objects.ts';
import type { Playground } from './playground.ts';

/**
 * What a witness does at each start: the first time it writes bytes that nobody can guess, and their sum. Later it
 * ends with an error if they are not what they were.
 */
const testify = `
  if [ ! -e /data/sum ]; then
    head -c 2097152 /dev/urandom > /data/blob
    sha256sum /data/blob > /data/new && sync && mv /data/new /data/sum && sync
  fi
  sha256sum -c /data/sum
  echo start >> /data/starts`;

/** A claim and a pod on a node, which would notice if its volume were lost, mixed up or formatted again. */
export function witness(name: string, node: string, storageClass?: string): object[] {
  return [claim(name, storageClass === undefined ? {} : { storageClass }), witnessPod(name, node)];
}

/** The pod alone, for a claim that is there already. */
export function witnessPod(name: string, node: string): object {
  return pod(name, { claims: { '/data': name }, script: testify, spec: on(node) });
}

/** The sums that witnesses wrote at their first start. */
export async function sums(user: Playground, names: readonly string[]): Promise<Map<string, string>> {
  const read = names.map(async (name) => [name, await user.sh(name, 'cat /data/sum')] as const);
  return new Map(await Promise.all(read));
}

/** Asserts that witnesses are ready, have the bytes that they had, and see them as they were. */
export async function holds(user: Playground, before: ReadonlyMap<string, string>): Promise<void> {
  const names = [...before.keys()];
  await user.ready(...names);
  expect(await sums(user, names)).toEqual(before);
  const checks = names.map((name) => user.sh(name, 'sha256sum -c /data/sum'));
  expect(new Set(await Promise.all(checks))).toEqual(new Set(['/data/blob: OK']));
}
