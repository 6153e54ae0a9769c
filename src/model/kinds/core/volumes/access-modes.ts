import * as z from 'zod';
import { forbidden } from '../../../field-errors.ts';
import type { FieldError } from '../../../kind.ts';

/** How a volume may be mounted. */
export const accessMode = z.enum(['ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOncePod']);
export type AccessMode = z.infer<typeof accessMode>;

/** Whether a volume is a file system or a raw block device. */
export const volumeMode = z.enum(['Filesystem', 'Block']);

const short: Readonly<Record<AccessMode, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};

/** Access modes as kubectl prints them: `RWO,ROX`. */
export function shortModes(modes: readonly AccessMode[] = []): string {
  return accessMode.options
    .filter((mode) => modes.includes(mode))
    .map((mode) => short[mode])
    .join(',');
}

/** ReadWriteOncePod stands alone. */
export function accessModeErrors(field: string, modes: readonly AccessMode[]): FieldError[] {
  return modes.includes('ReadWriteOncePod') && new Set(modes).size > 1
    ? [forbidden(field, 'may not use ReadWriteOncePod with other access modes')]
    : [];
}
