import type { Mutation } from './mutation.ts';

/** Who deletes an object says which one was seen. */
export const preconditions: readonly Mutation[] = [
  {
    guard: 'the garbage collector deletes only what still is as it was seen',
    file: 'src/orchestrator/garbage-collection/garbage-collector.ts',
    text: '{ preconditions, propagationPolicy: step.policy }',
    instead: '{ propagationPolicy: preconditions && step.policy }',
    test: 'src/orchestrator/garbage-collection/garbage-collector.test.ts',
    name: 'what was replaced, since it was seen without an owner, by a namesake that has none to lose, stays',
  },
  {
    guard: 'the end of an owner deletes its own Mount only',
    file: 'src/kubelet/owners/owners.ts',
    text: 'const preconditions = { uid: mount.metadata.uid };',
    instead: 'const preconditions = {};',
    test: 'test/orchestrator/owners.test.ts',
    name: 'a Mount that has come in the place of one whose owner ended stays: it has an owner of its own',
  },
  {
    guard: 'the driver deletes a Volume only as it was seen',
    file: 'src/driver/controller/withdraw.ts',
    text: 'preconditions: { uid, resourceVersion }',
    instead: 'preconditions: { uid, resourceVersion: resourceVersion && undefined }',
    test: 'test/csi/attachment.test.ts',
    name: 'in the very moment in which it was to be deleted, and is kept',
  },
  {
    guard: 'the end of a pod deletes its own Volume only',
    file: 'src/driver/node/inline.ts',
    text: ', { preconditions: { uid: volume.metadata.uid } }',
    test: 'test/csi/inline.test.ts',
    name: 'takes no other Volume along that has come in its place',
  },
  {
    guard: 'the end of a claim deletes its own PersistentVolume only',
    file: 'src/sidecars/deletion/delete-volume.ts',
    text: ', { preconditions: { uid } }',
    test: 'test/csi-third-party/careful.test.ts',
    name: 'a PersistentVolume that has come in the place of the one that goes stays',
  },
];
