import { createHash } from 'node:crypto';
import { join } from 'node:path';

/** Keeps a Mount until its volume is unmounted. */
export const mountFinalizer = 'moorage.dev/mount';

/** Where a volume of a driver is staged on this node: one place for all its Mounts. */
export function stagingPath(dataDir: string, driver: string, handle: string): string {
  return join(dataDir, 'node', 'plugins', driver, sha256(handle), 'globalmount');
}

/** The name that Kubernetes gives the attachment of a volume to a node. */
export function attachmentName(handle: string, driver: string, node: string): string {
  return `csi-${sha256(`${handle}${driver}${node}`)}`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
