import * as z from 'zod';
import { fail, isCode, messageOf } from '../lib/errors.ts';
import { whyNotMkfsOptions } from './filesystems/mkfs.ts';
import { defaultFsType, type FsType, fsTypes } from './filesystems/types.ts';
import { parseLabelSelector } from './label-selector.ts';

/** What the official callers add on their own. https://kubernetes-csi.github.io/docs/external-provisioner.html */
export const callersPrefix = 'csi.storage.k8s.io/';
const callersFsType = `${callersPrefix}fstype`;

/** Said as nothing, it is not said. */
const orNothing = (text: string) => text || undefined;
const fsType = z
  .string()
  .transform(orNothing)
  .pipe(
    z.enum(fsTypes, { error: ({ input }) => `file system "${input}" is not one of ${fsTypes.join(', ')}` }).optional(),
  )
  .optional();

/**
 * The parameters of a StorageClass whose provisioner is our driver: what the driver reads, what a class is checked by
 * when it is made, what "explain" goes by, and what the reference page tells.
 */
export const classParameters = z.strictObject(
  {
    pool: z.string().transform(orNothing).optional().describe('The only pool to use. Default: any that fits.'),
    poolSelector: z
      .string()
      .transform(orNothing)
      .superRefine((text, context) => {
        const why = text && whyNot(() => parseLabelSelector(text));
        if (why) context.addIssue(`poolSelector: ${why}`);
      })
      .optional()
      .describe('Labels of the pools that may hold it, as kubectl writes them: `disk=nvme,!slow`. Not beside `pool`.'),
    fsType: fsType.describe(
      `The file system that is made at first use: ${fsTypes.map((it) => `\`${it}\``).join(' or ')}. Default \`${defaultFsType}\`.`,
    ),
    [callersFsType]: fsType.describe('The same, as the classes of all drivers may have it.'),
    mkfsOptions: z
      .string()
      .transform((text) => text.split(/\s+/).filter((it) => it !== ''))
      .optional()
      .describe('Options for mkfs, with spaces between them, of those that are allowed for the file system.'),
    provisioning: z
      .enum(['thin', 'thick'], { error: ({ input }) => `provisioning is "${input}", and can be thin or thick` })
      .default('thin')
      .describe('`thin` takes space as it is written, `thick` all of it at once. Default `thin`.'),
  },
  {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? unknownParameters(issue.keys, parameterNames()) : undefined,
  },
);

/** What a StorageClass says to us. */
export interface ClassParameters {
  readonly pool: string | undefined;
  readonly poolSelector: string | undefined;
  readonly fsType: FsType | undefined;
  readonly mkfsOptions: readonly string[] | undefined;
  readonly provisioning: 'thin' | 'thick';
}

/**
 * What parameters say, for a volume that is also asked to have a file system of a type. Throws `invalid` for a parameter
 * that is not known, listing those that are, for a value that can't be, and for several that contradict each other.
 */
export function readClassParameters(parameters: Readonly<Record<string, string>>, asked?: FsType): ClassParameters {
  const own = Object.entries(parameters).filter(([name]) => name === callersFsType || !name.startsWith(callersPrefix));
  const parsed = classParameters.safeParse(Object.fromEntries(own));
  if (!parsed.success) {
    const { issues } = parsed.error;
    const first = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
    return fail('invalid', first?.message ?? 'the parameters of the class are not as they should be');
  }
  const { pool, poolSelector, mkfsOptions = [], provisioning, ...types } = parsed.data;
  if (pool !== undefined && poolSelector !== undefined) {
    fail('invalid', `it names pool ${pool} and selects pools by ${poolSelector}; leave one of the two out`);
  }
  const named = [types.fsType, types[callersFsType], asked].filter((it) => it !== undefined);
  const [first] = named;
  if (named.some((it) => it !== first)) {
    fail('invalid', `it asks for different file systems, ${named.join(' and ')}; name one`);
  }
  const wrong = whyNotMkfsOptions(first ?? defaultFsType, mkfsOptions);
  if (wrong !== undefined) fail('invalid', wrong);
  return {
    pool,
    poolSelector,
    fsType: first,
    mkfsOptions: mkfsOptions.length > 0 ? mkfsOptions : undefined,
    provisioning,
  };
}

/**
 * What is wrong with the parameters of a class of our driver, or undefined. `fstype` is what its callers keep for
 * themselves, and hand on as a file system that is asked for.
 */
export function whyNotClassParameters({ fstype, ...parameters }: Readonly<Record<string, string>>): string | undefined {
  return whyNot(() =>
    readClassParameters(fstype === undefined ? parameters : { ...parameters, [callersFsType]: fstype }),
  );
}

/** Says which parameters are not known, and which are. */
export function unknownParameters(unknown: readonly string[], known: readonly string[]): string {
  const list = known.length > 0 ? `known are: ${known.join(', ')}` : 'none is known';
  return `unknown parameter ${unknown.map((name) => `"${name}"`).join(', ')}; ${list}`;
}

function parameterNames(): string[] {
  return Object.keys(classParameters.shape);
}

function whyNot(read: () => unknown): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    if (isCode(error, 'invalid')) return messageOf(error);
    throw error;
  }
}
