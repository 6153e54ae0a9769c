import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createFileRegistry, type DescEnum, type DescFile, type DescMessage, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { expect, test } from 'vitest';
import { fail } from '../../lib/errors.ts';
import { exec } from '../../lib/exec.ts';
import { file_csi } from './csi_pb.ts';

/** The official definition, as it was published. */
const official = fileURLToPath(new URL('../../../test/csi/official', import.meta.url));

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

test('names, numbers and types are those of the official definition, which may know more', async () => {
  const scratch = await mkdtemp(join(tmpdir(), 'moorage-proto-'));
  const image = join(scratch, 'image.binpb');
  await exec(['buf', 'build', official, '-o', image], { timeout: 60_000 });
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, await readFile(image)));
  await rm(scratch, { recursive: true });
  const theirs = new Set(linesOf(registry.getFile('csi.proto') ?? fail('not-found', 'no csi.proto in it')));
  const ours = linesOf(file_csi);
  expect(ours.length).toBeGreaterThan(200);
  expect(ours.filter((line) => !theirs.has(line))).toEqual([]);
});
