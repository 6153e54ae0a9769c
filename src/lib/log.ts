import { type Logger, pino } from 'pino';

/**
 * The log: a static message plus fields (`log.info({ volume, ms }, 'volume staged')`), one JSON line for each thing
 * that a person would want to know; never a secret.
 */
export type Log = Logger;

/** A log to standard error, at the level of MOORAGE_LOG (default `info`). Written at once, so a kill loses no line. */
export function openLog(level = process.env['MOORAGE_LOG'] ?? 'info'): Log {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, errorKey: 'error' },
    pino.destination({ dest: 2, sync: true }),
  );
}

/** A log that drops everything; for tests and for programs whose standard error is for people. */
export const silent: Log = pino({ level: 'silent' });
