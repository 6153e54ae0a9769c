import { MoorageError, messageOf } from '../../../lib/errors.ts';

/** Primary result codes, https://sqlite.org/rescode.html */
const codes = {
  ERROR: 1,
  BUSY: 5,
  NOMEM: 7,
  READONLY: 8,
  IOERR: 10,
  CORRUPT: 11,
  FULL: 13,
  CANTOPEN: 14,
  SCHEMA: 17,
  NOTADB: 26,
} as const;
type Code = keyof typeof codes;

/** True if the error came from SQLite with one of the result codes. */
export function isSqlite(error: unknown, ...wanted: Code[]): error is Error {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return false;
  const primary = error.errcode & 0xff;
  return wanted.some((name) => codes[name] === primary);
}

/** What SQLite could not do, as one of our errors. */
export function sqliteFailure(doing: string, error: unknown): MoorageError {
  if (error instanceof MoorageError) return error;
  const text = (code: ConstructorParameters<typeof MoorageError>[0], advice: string) =>
    new MoorageError(code, `${doing}: ${messageOf(error)}${advice}`, { cause: error });
  if (isSqlite(error, 'FULL', 'IOERR')) {
    return text('exhausted', '; nothing was written. Make room on that file system, and writes work again');
  }
  if (isSqlite(error, 'CORRUPT', 'NOTADB')) return text('corrupted', '; restore it from a copy');
  if (isSqlite(error, 'READONLY', 'CANTOPEN'))
    return text('permission', '; check who owns it and whether it is writable');
  return text('internal', '');
}
