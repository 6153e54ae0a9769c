import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A copy of the project's sources that may be spoiled: what git knows or would take, over the same dependencies. */
export class ScratchCopy implements Disposable {
  readonly directory: string;

  constructor(root: string) {
    this.directory = mkdtempSync(join(tmpdir(), 'moorage-mutate-'));
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
    const shared = ['node_modules'];
    for (const name of shared) symlinkSync(join(root, name), join(this.directory, name));
  }

  [Symbol.dispose](): void {
    // What a spoiled test left mounted below its own directory is not in here.
    rmSync(this.directory, { recursive: true, force: true });
  }
}
