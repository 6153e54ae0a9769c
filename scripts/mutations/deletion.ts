import type { Mutation } from './mutation.ts';

const races = 'test/volumes/races.test.ts';

/** Only what is meant is deleted. */
export const deletion: readonly Mutation[] = [
  {
    guard: "the uid is compared before a volume's bytes are deleted",
    file: 'src/volumes/agent/volume-removal.ts',
    text: 'if (artifact?.uid !== uid || artifact === undefined) return;',
    instead: 'if (artifact === undefined) return;',
    test: races,
    name: 'a Volume that goes takes only bytes of its own along, none of its namesake',
  },
  {
    guard: 'the uid is compared, also of a volume that was placed nowhere',
    file: 'src/volumes/agent/volume-removal.ts',
    text: 'if (artifact?.uid !== undefined && marks.includes(artifact.uid)) return artifact;',
    instead:
      'if (artifact?.uid !== undefined) return marks[0] === undefined ? artifact : { ...artifact, uid: marks[0] };',
    test: races,
    name: 'a Volume that was placed nowhere takes no bytes of its namesake along',
  },
  {
    guard: "the uid is compared before a snapshot's bytes are deleted",
    file: 'src/volumes/agent/snapshot-controller.ts',
    text: 'if (artifact?.uid === uid) await engine',
    instead: 'if (artifact) await engine',
    test: races,
    name: 'a Snapshot that goes takes only bytes of its own along, none of its namesake',
  },
  {
    guard: 'snapshots that are not settled are waited for',
    file: 'src/volumes/agent/volume-removal.ts',
    text: 'if (unsettledSnapshots(storage, name).length > 0) {',
    instead: 'if (unsettledSnapshots(storage, name).length < 0) {',
    test: races,
    name: 'a Volume stays until each snapshot of it is recorded',
  },
];
