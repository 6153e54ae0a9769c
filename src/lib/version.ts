import { readFileSync } from 'node:fs';

/** The version in package.json, which stands at the same place above the sources and above the built files. */
export function ownVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
