import { open } from 'node:fs/promises';
import { fail, messageOf } from '../../lib/errors.ts';
import type { Exec } from '../../lib/exec.ts';
import { runTool } from '../tools.ts';

/** What is on a device. `foreign` is anything that is not exactly one file system of a kind that we make. */
export type Content =
  | { readonly kind: 'blank' }
  | { readonly kind: 'filesystem'; readonly fsType: 'ext4' | 'xfs'; readonly uuid: string; readonly label: string }
  | { readonly kind: 'foreign'; readonly what: string };

/** Exit codes of blkid(8) with `-p`. */
const nothingFound = 2;
const ambivalent = 8;

/**
 * Looks at the device itself (`blkid -p`), never at a cache. Blank means that blkid knows of nothing there: neither a
 * file system nor a partition table, RAID member, volume group or encrypted device.
 */
export async function probeDevice(exec: Exec, device: string): Promise<Content> {
  await checkReadable(device);
  const { code, stdout } = await runTool(exec, ['blkid', '-p', '-o', 'export', device], {
    ok: [0, nothingFound, ambivalent],
  });
  if (code === ambivalent) return { kind: 'foreign', what: 'more than one signature' };
  if (code === nothingFound) return { kind: 'blank' };
  return contentOf(stdout);
}

/** blkid has the same exit code, and no words, for a device that can't be read as for a blank one. */
async function checkReadable(device: string): Promise<void> {
  try {
    await using file = await open(device, 'r');
    const { bytesRead } = await file.read(Buffer.alloc(4096), 0, 4096, 0);
    if (bytesRead === 0) throw new Error('it has no bytes');
  } catch (cause) {
    fail('internal', `looking at what is on ${device}: ${messageOf(cause)}`, cause);
  }
}

/** What the output of `blkid -p -o export` means. */
export function contentOf(text: string): Content {
  const tags = new Map(
    text.split('\n').flatMap((line) => {
      const at = line.indexOf('=');
      return at > 0 ? [[line.slice(0, at), line.slice(at + 1)] as const] : [];
    }),
  );
  const type = tags.get('TYPE');
  const table = tags.get('PTTYPE');
  if (table) return { kind: 'foreign', what: `a ${table} partition table` };
  if (tags.get('USAGE') === 'filesystem' && (type === 'ext4' || type === 'xfs')) {
    return { kind: 'filesystem', fsType: type, uuid: tags.get('UUID') ?? '', label: tags.get('LABEL') ?? '' };
  }
  if (type) return { kind: 'foreign', what: `${type}${tags.has('USAGE') ? ` (${tags.get('USAGE')})` : ''}` };
  return { kind: 'foreign', what: 'an unknown signature' };
}
