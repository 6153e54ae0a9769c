import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFileRegistry, type DescEnum, type DescFile, type DescMessage, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { expect, test } from 'vitest';
import { fail } from '../../lib/errors.ts';
import { exec } from '../../lib/exec.ts';
import { file_csi } from './csi_pb.ts';

/** The Go module of the official definition, where csi-sanity's build has left it. */
async function officialDirectory(): Promise<string | undefined> {
  const modules = process.env['GOMODCACHE'] ?? join(process.env['GOPATH'] ?? join(homedir(), 'go'), 'pkg/mod');
  const directory = join(modules, 'github.com/container-storage-interface');
  const versions = await readdir(directory).catch(() => []);
  const newest = versions
    .filter((it) => it.startsWith('spec@'))
    .sort((one, other) => one.localeCompare(other, 'en', { numeric: true }))
    .at(-1);
  return newest && join(directory, newest);
}

/** One line for each field, value of an enum and method. */
function linesOf(file: DescFile): string[] {
  const ofEnum = (it: DescEnum) => it.values.map(({ name, number }) => `${it.typeName} ${name} = ${number}`);
  const ofMessage = (it: DescMessage): string[] => [
    ...it.fields.map((field) => {
      const type = field.message?.typeName ?? field.enum?.typeName ?? field.scalar;
      return `${it.typeName} ${field.fieldKind} ${type} ${field.name} = ${field.number} of ${field.oneof?.name}`;
    }),
    ...it.nestedEnums.flatMap(ofEnum),
    ...it.nestedMessages.flatMap(ofMessage),
  ];
  return [
    ...file.messages.flatMap(ofMessage),
    ...file.services.flatMap(({ typeName, methods }) =>
      methods.map(({ name, input, output }) => `${typeName} ${name} ${input.typeName} ${output.typeName}`),
    ),
  ];
}

test('names, numbers and types are those of the official definition, which may know more', async ({ skip }) => {
  const official = await officialDirectory();
  if (!official) return skip('the official definition is not on this machine');
  const scratch = await mkdtemp(join(tmpdir(), 'moorage-proto-'));
  const image = join(scratch, 'image.binpb');
  await exec(['buf', 'build', official, '--path', join(official, 'csi.proto'), '-o', image], { timeout: 60_000 });
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, await readFile(image)));
  await rm(scratch, { recursive: true });
  const theirs = new Set(linesOf(registry.getFile('csi.proto') ?? fail('not-found', 'no csi.proto in it')));
  const ours = linesOf(file_csi);
  expect(ours.length).toBeGreaterThan(200);
  expect(ours.filter((line) => !theirs.has(line))).toEqual([]);
});
