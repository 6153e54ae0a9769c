import { readFile } from 'node:fs/promises';
import { release } from 'node:os';
import { printData } from '../output/print.ts';
import type { Call } from '../verb.ts';

/** Prints the versions that a bug report needs. */
export async function version({ flags, terminal }: Call): Promise<number> {
  const versions = {
    moorage: await ownVersion(),
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

/** The version in package.json, which stands at the same place above the sources and above the built files. */
async function ownVersion(): Promise<string> {
  const text = await readFile(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
