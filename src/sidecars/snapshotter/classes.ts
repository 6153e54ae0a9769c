import { fail } from '../../lib/errors.ts';
import {
  defaultSnapshotClassAnnotation,
  type VolumeSnapshot,
  type VolumeSnapshotClass,
} from '../../model/kinds/storage.ts';
import { type SecretName, type SecretPurpose, secretFor, secretKeys } from '../requests/secrets.ts';

const prefix = 'csi.storage.k8s.io/';

/** The class that snapshots of a driver get if they name none. Throws `invalid` if there is none, or more than one. */
export function defaultSnapshotClass(classes: Iterable<VolumeSnapshotClass>, driver: string): VolumeSnapshotClass {
  const found = [...classes].filter(
    (it) => it.driver === driver && it.metadata.annotations?.[defaultSnapshotClassAnnotation] === 'true',
  );
  const [first] = found;
  if (!first) {
    return fail(
      'invalid',
      `cannot find default snapshot class for driver ${driver}: name one in spec.volumeSnapshotClassName, or annotate ` +
        `a class with ${defaultSnapshotClassAnnotation}="true"`,
    );
  }
  if (found.length > 1) {
    const names = found.map(({ metadata }) => metadata.name).sort();
    fail('invalid', `${found.length} default snapshot classes were found for driver ${driver}: ${names.join(', ')}`);
  }
  return first;
}

/** The driver's part of a snapshot class's parameters. Throws `invalid` for keys of ours that nobody knows. */
export function snapshotParameters(parameters: Readonly<Record<string, string>>): Record<string, string> {
  const ours = new Set((['snapshotter', 'snapshotter-list'] as const).flatMap((it) => Object.values(secretKeys(it))));
  const unknown = Object.keys(parameters).find((key) => key.startsWith(prefix) && !ours.has(key));
  if (unknown) {
    fail('invalid', `the snapshot class's parameter ${unknown} is not known; known are ${[...ours].join(', ')}`);
  }
  return Object.fromEntries(Object.entries(parameters).filter(([key]) => !ours.has(key)));
}

/** The Secret that a snapshot class names for a purpose, for one snapshot and its content. */
export function snapshotSecret(
  purpose: SecretPurpose & `snapshotter${string}`,
  parameters: Readonly<Record<string, string>>,
  snapshot: Pick<VolumeSnapshot['metadata'], 'name' | 'namespace'>,
  content: string,
): SecretName | undefined {
  const namespace = {
    'volumesnapshotcontent.name': content,
    'volumesnapshot.namespace': snapshot.namespace ?? '',
  };
  return secretFor(purpose, parameters, { name: { ...namespace, 'volumesnapshot.name': snapshot.name }, namespace });
}
