import * as z from 'zod';
import { immutable, invalid, required } from '../../field-errors.ts';
import type { FieldError } from '../../kind.ts';
import { objectMeta } from '../../object.ts';
import { quantity } from '../../quantity.ts';
import { column, defineKind } from '../define.ts';
import { conditions, labelSelector, labelSelectorErrors } from '../shared.ts';
import { absolutePathErrors, cronErrors } from './rules.ts';
import { apiVersion, ours } from './shared.ts';

const targetSchema = z.object({
  apiVersion,
  kind: z.literal('BackupTarget'),
  metadata: objectMeta,
  spec: z.object({
    s3: z
      .object({
        endpoint: z.string().describe('URL of the service.'),
        bucket: z.string(),
        prefix: z.string().optional(),
        region: z.string().optional(),
        secret: z.string().describe('The Secret with accessKey and secretKey, in the same namespace.'),
      })
      .optional(),
    directory: z.string().optional().describe('An absolute directory, such as a mounted share.'),
    encryptionSecret: z.string().optional().describe('The Secret with the key that backups are encrypted with.'),
  }),
  status: z.object({ phase: z.enum(['Pending', 'Ready', 'Failed']).optional(), conditions }).optional(),
});
export type BackupTarget = z.infer<typeof targetSchema>;

/** BackupTarget: a place that backups go to. */
export const backupTargets = defineKind<BackupTarget>({
  ...ours,
  kind: 'BackupTarget',
  plural: 'backuptargets',
  namespaced: true,
  description: 'A place that backups go to: a bucket or a directory.',
  schema: targetSchema as unknown as z.ZodType<BackupTarget>,
  validate: ({ spec }, old) => [...placeErrors(spec), ...(old ? immutable('spec', spec, old.spec) : [])],
  columns: [
    column('Phase', 'Whether it can be used.', (it) => it.status?.phase ?? 'Pending', { path: '.status.phase' }),
    column('Where', 'The bucket or directory.', ({ spec }) =>
      spec.s3 ? `s3://${spec.s3.bucket}/${spec.s3.prefix ?? ''}` : (spec.directory ?? ''),
    ),
  ],
});

function placeErrors({ s3, directory }: BackupTarget['spec']): FieldError[] {
  if (s3 && directory !== undefined) return [invalid('spec', 'object', 'exactly one of s3 and directory must be set')];
  if (directory !== undefined) return absolutePathErrors('spec.directory', directory);
  return s3 ? [] : [required('spec', 'exactly one of s3 and directory must be set')];
}

/** What a long-running copy says of itself. */
const progress = {
  phase: z.enum(['Pending', 'Running', 'Completed', 'Failed']).optional(),
  size: quantity.optional().describe('Bytes of the volume.'),
  transferred: quantity.optional().describe('Bytes that went over the wire.'),
  percent: z.number().min(0).max(100).optional(),
  startTime: z.string().optional(),
  completionTime: z.string().optional(),
  error: z.string().optional().describe('What went wrong last.'),
  conditions,
};

const backupSchema = z.object({
  apiVersion,
  kind: z.literal('Backup'),
  metadata: objectMeta,
  spec: z.object({
    claim: z.string().describe('The claim, in the same namespace.'),
    target: z.string().describe('The BackupTarget, in the same namespace.'),
  }),
  status: z.object({ ...progress, handle: z.string().optional().describe('Its name at the target.') }).optional(),
});
export type Backup = z.infer<typeof backupSchema>;

/** Backup: a claim's content at one moment, kept elsewhere. */
export const backups = defineKind<Backup>({
  ...ours,
  kind: 'Backup',
  plural: 'backups',
  namespaced: true,
  description: "A claim's content at one moment, kept elsewhere.",
  schema: backupSchema as unknown as z.ZodType<Backup>,
  validate: ({ spec }, old) => (old ? immutable('spec', spec, old.spec) : []),
  columns: [
    column('Phase', 'How far it is.', (it) => it.status?.phase ?? 'Pending', { path: '.status.phase' }),
    column('Claim', 'The claim.', (it) => it.spec.claim, { path: '.spec.claim' }),
    column('Target', 'Where it is.', (it) => it.spec.target, { path: '.spec.target' }),
    column('Size', 'Bytes of the volume.', (it) => it.status?.size ?? '', { path: '.status.size' }),
  ],
});

const restoreSchema = z.object({
  apiVersion,
  kind: z.literal('Restore'),
  metadata: objectMeta,
  spec: z.object({
    backup: z.string().describe('The Backup, in the same namespace.'),
    claim: z.string().describe('The new claim that it is restored into.'),
    storageClassName: z.string().optional().describe('The class of the new claim; default: that of the old one.'),
  }),
  status: z.object(progress).optional(),
});
export type Restore = z.infer<typeof restoreSchema>;

/** Restore: a backup, brought back into a new claim. */
export const restores = defineKind<Restore>({
  ...ours,
  kind: 'Restore',
  plural: 'restores',
  namespaced: true,
  description: 'A backup, brought back into a new claim.',
  schema: restoreSchema as unknown as z.ZodType<Restore>,
  validate: ({ spec }, old) => (old ? immutable('spec', spec, old.spec) : []),
  columns: [
    column('Phase', 'How far it is.', (it) => it.status?.phase ?? 'Pending', { path: '.status.phase' }),
    column('Backup', 'The backup.', (it) => it.spec.backup, { path: '.spec.backup' }),
    column('Claim', 'The new claim.', (it) => it.spec.claim, { path: '.spec.claim' }),
  ],
});

const scheduleSchema = z.object({
  apiVersion,
  kind: z.literal('Schedule'),
  metadata: objectMeta,
  spec: z.object({
    schedule: z.string().describe("When, as cron writes it: '30 2 * * *', or '@daily'."),
    timeZone: z.string().default('UTC').describe('An IANA name, such as Europe/Berlin.'),
    claims: labelSelector.describe('The claims, in the same namespace.'),
    target: z.string().optional().describe('The BackupTarget; without it, only snapshots are taken.'),
    keep: z.number().int().min(1).default(7).describe('How many to keep of each claim.'),
    suspend: z.boolean().default(false),
  }),
  status: z
    .object({
      lastTime: z.string().optional(),
      nextTime: z.string().optional(),
      error: z.string().optional(),
      conditions,
    })
    .optional(),
});
export type Schedule = z.infer<typeof scheduleSchema>;

/** Schedule: snapshots or backups again and again. */
export const schedules = defineKind<Schedule>({
  ...ours,
  kind: 'Schedule',
  plural: 'schedules',
  namespaced: true,
  description: 'Snapshots or backups of claims, again and again.',
  schema: scheduleSchema as unknown as z.ZodType<Schedule>,
  validate: ({ spec }) => [
    ...cronErrors('spec.schedule', spec.schedule),
    ...timeZoneErrors(spec.timeZone),
    ...labelSelectorErrors('spec.claims', spec.claims),
  ],
  columns: [
    column('Schedule', 'When.', (it) => it.spec.schedule, { path: '.spec.schedule' }),
    column('Suspended', 'Whether it rests.', (it) => it.spec.suspend, { type: 'boolean', path: '.spec.suspend' }),
    column('Last', 'When it last ran.', (it) => it.status?.lastTime, { type: 'date', path: '.status.lastTime' }),
  ],
});

function timeZoneErrors(name: string): FieldError[] {
  try {
    Intl.DateTimeFormat('en', { timeZone: name });
    return [];
  } catch {
    return [
      invalid('spec.timeZone', name, 'must be a time zone that this machine knows, such as Europe/Berlin or UTC'),
    ];
  }
}
