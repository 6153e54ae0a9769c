import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const file = join(import.meta.dirname, '../docs/performance.md');
const mark = '<!-- in a cluster: written by npm run bench:kube -->\n';

/** Writes one of the two halves of docs/performance.md, and leaves the other as it was measured. */
export async function writeSection(half: 'one machine' | 'kubernetes', text: string): Promise<void> {
  const old = await readFile(file, 'utf8').catch(() => '');
  const [first = '', second = ''] = old.split(mark);
  const halves = half === 'one machine' ? [text, second] : [first, `\n${text}\n`];
  await writeFile(file, `${halves[0]?.trimEnd()}\n\n${mark}${halves[1] || ''}`);
}
