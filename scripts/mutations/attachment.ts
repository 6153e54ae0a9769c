import type { Mutation } from './mutation.ts';

const test = 'test/csi/attachment.test.ts';

/** A volume is on one node at a time, and only what is its own is taken off there. */
export const attachment: readonly Mutation[] = [
  {
    guard: 'the write of an attachment carries the version that was read',
    file: 'src/driver/node/attachments.ts',
    text: 'await api.updateStatus(volumes, { ...seen, status });',
    instead:
      'await api.updateStatus(volumes, { ...seen, metadata: { ...seen.metadata, resourceVersion: undefined }, status });',
    test,
    name: 'of two nodes that ask at once, one gets it',
  },
  {
    guard: 'that a node has a volume is believed only with a record',
    file: 'src/driver/node/attachments.ts',
    text: 'if (believed) return;',
    instead: 'if (believed || !believed) return;',
    test,
    name: 'without a record of its own, a node does not believe that it has it, and asks',
  },
  {
    guard: 'a volume is staged only where its bytes are',
    file: 'src/driver/node/node-context.ts',
    text: 'if (placement.node !== node) {',
    instead: 'if (placement.node === undefined) {',
    test,
    name: 'not to one that can not reach its bytes',
  },
  {
    guard: 'it is not unstaged while it is published',
    file: 'src/driver/node/stage.ts',
    text: 'if (mounted.length > 0) fail(',
    instead: 'if (mounted.length < 0) fail(',
    test,
    name: 'and stays there while it is published',
  },
  {
    guard: 'nothing is mounted over what somebody else has mounted',
    file: 'src/node/mount.ts',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source
    text: "return fail('in-use', `mounting ${device} at ${target}: ${present.source} is mounted there; unmount that first`);",
    instead: 'return;',
    test,
    name: 'and leaves alone what somebody else has mounted where it was to go',
  },
  {
    guard: 'what somebody else has mounted is not taken off',
    file: 'src/driver/node/unpublish.ts',
    text: 'if (!isOf(looks, mount)) {',
    instead: 'if (!isOf(looks, mount) && mount.id === undefined) {',
    test,
    name: 'and leaves alone what somebody else has mounted where it was to go',
  },
  {
    guard: 'a file system that does not call itself clean is checked before it is mounted',
    file: 'src/driver/node/stage-filesystem.ts',
    text: '  if (!believed) await checkFilesystem(exec, device, fsType);\n',
    test,
    name: 'once its file system has been checked, if it does not call itself clean',
  },
];
