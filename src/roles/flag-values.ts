import { fail } from '../lib/errors.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];
export const backends = ['auto', 'image', 'directory'] as const;
export type Backend = (typeof backends)[number];

/** A port number; throws `invalid` with the flag's name. */
export function readPort(flag: string, text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  return port <= 65_535
    ? port
    : fail('invalid', `${flag} ${text}: a port is a number from 1 to 65535, or 0 for a free one`);
}

/** The name of a node, in lower case. */
export function readNodeName(text: string): string {
  const name = text.toLowerCase();
  return /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(name)
    ? name
    : fail(
        'invalid',
        `--node ${text}: the name of a node has letters, digits, "-" and "." only, and starts with a letter or digit`,
      );
}

/** One of a few words. */
export function oneOf<T extends string>(flag: string, text: string, known: readonly T[]): T {
  return known.find((item) => item === text) ?? fail('invalid', `${flag} ${text}: it is one of ${known.join(', ')}`);
}

/** `true` or `false`. */
export function readBoolean(flag: string, text: string): boolean {
  return oneOf(flag, text, ['true', 'false']) === 'true';
}

/** `host:port`, or `:port` for every address of this machine. */
export function readAddress(flag: string, text: string): { readonly host: string | undefined; readonly port: number } {
  const [, host, port] = /^(.*):([^:]*)$/.exec(text) ?? [];
  if (port === undefined) fail('invalid', `${flag} ${text}: write ADDRESS:PORT, or :PORT for every address`);
  return { host: host?.replace(/^\[(.*)\]$/, '$1') || undefined, port: readPort(flag, port) };
}
