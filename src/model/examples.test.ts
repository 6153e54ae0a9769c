import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { apiVersionOf } from './kind.ts';
import { allKinds } from './kinds/index.ts';
import type { KubeObject } from './object.ts';

const folder = join(import.meta.dirname, '../../examples');
const files = globSync('*.yaml', { cwd: folder }).sort();

test.each(files)('examples/%s is right', (file) => {
  const documents = parseAllDocuments(readFileSync(join(folder, file), 'utf8'));
  for (const document of documents) {
    const object = document.toJS() as KubeObject;
    const kind = allKinds.find((it) => it.kind === object.kind && apiVersionOf(it) === object.apiVersion);
    if (!kind) throw new Error(`${file}: no kind ${object.apiVersion} ${object.kind}`);
    if (kind.namespaced) object.metadata.namespace = 'default';
    kind.prepare?.(object);
    const parsed = kind.schema.parse(object);
    expect(kind.validate?.(parsed)).toEqual([]);
    expect(parsed, 'a field that the kind does not have').toMatchObject(JSON.parse(JSON.stringify(object)));
  }
});

test('the README of the examples names each of them', () => {
  const readme = readFileSync(join(folder, 'README.md'), 'utf8');
  for (const file of files) expect(readme).toContain(`(${file})`);
});
