import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { letGo } from '../../test/engines/local-scratch.ts';

/** A copy of the project's sources that may be spoiled: what git knows or would take, over the same dependencies. */
export class ScratchCopy implements AsyncDisposable {
  readonly directory: string;
  /** For what its tests make. Short, since the paths of sockets are. */
  readonly temporary: string;

  constructor(root: string) {
    this.directory = mkdtempSync(join(tmpdir(), 'moorage-mutate-'));
    this.temporary = mkdtempSync(join(tmpdir(), 'mutate-'));
    const listed = execFileSync(
      'git',
      ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate'],
      {
        cwd: root,
        encoding: 'utf8',
        maxBuffer: 2 ** 26,
      },
    );
    const gone = execFileSync('git', ['ls-files', '-z', '--deleted'], { cwd: root, encoding: 'utf8' }).split('\0');
    for (const file of listed.split('\0')) {
      if (file !== '' && !gone.includes(file)) cpSync(join(root, file), join(this.directory, file));
    }
    symlinkSync(join(root, 'node_modules'), join(this.directory, 'node_modules'));
  }

  /** Takes away what a test that failed has left mounted and attached. */
  async sweep(): Promise<void> {
    await letGo(this.temporary);
    rmSync(this.temporary, { recursive: true, force: true });
    mkdirSync(this.temporary);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await letGo(this.temporary);
    for (const directory of [this.temporary, this.directory]) rmSync(directory, { recursive: true, force: true });
  }
}
