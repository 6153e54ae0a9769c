import { release } from 'node:os';
import { ownVersion } from '../../../lib/version.ts';
import { printData } from '../../output/print.ts';
import type { Call } from '../../verb.ts';

/** Prints the versions that a bug report needs. */
export async function version({ flags, terminal }: Call): Promise<number> {
  const versions = {
    moorage: ownVersion(),
    node: process.versions.node,
    sqlite: process.versions['sqlite'] ?? '',
    kernel: release(),
  };
  if (await printData(versions, flags.output, terminal)) return 0;
  terminal.out(
    `moorage ${versions.moorage} (Node.js ${versions.node}, SQLite ${versions.sqlite}, Linux ${versions.kernel})`,
  );
  return 0;
}
