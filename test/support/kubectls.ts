import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../src/lib/errors.ts';
import { exec } from '../../src/lib/exec.ts';
import { tool } from '../kube/tools/build.ts';

/** A kubectl, or why it can't be had here. */
export type Kubectl = { readonly path: string } | { readonly why: string };

const minutes = 60_000;

/** The kubectl of this machine's Debian, without installing it: for Debian 12, 1.20. It is unpacked below `directory`. */
export async function debianKubectl(directory: string): Promise<Kubectl> {
  try {
    const folder = await mkdtemp(join(directory, 'debian-'));
    const options = { cwd: folder, timeout: 5 * minutes };
    await exec(['apt-get', 'download', '-q', 'kubernetes-client'], options);
    const [archive = ''] = (await readdir(folder)).filter((name) => name.endsWith('.deb'));
    await exec(['dpkg-deb', '-x', archive, 'unpacked'], options);
    return { path: join(folder, 'unpacked/usr/bin/kubectl') };
  } catch (error) {
    return { why: messageOf(error) };
  }
}

/** A kubectl of a minor version, built from its Go module once. */
export async function builtKubectl(minor: '1.27' | '1.34'): Promise<Kubectl> {
  try {
    return { path: await tool(`kubectl-${minor}`, { say: (text) => console.log(text) }) };
  } catch (error) {
    return { why: messageOf(error) };
  }
}

/** Its minor version: 20 for 1.20. */
export async function minorOf(path: string): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'moorage-kubectl-version-'));
  try {
    const { stdout } = await exec([path, 'version', '--client', '--output=json'], { env: { HOME: directory } });
    const { clientVersion } = JSON.parse(stdout) as { clientVersion: { gitVersion: string } };
    return Number(/^v\d+\.(\d+)/.exec(clientVersion.gitVersion)?.[1]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
