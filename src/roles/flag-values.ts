import { hostname } from 'node:os';
import { fail } from '../lib/errors.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A value, and where it is from, for messages about it: the flag or the variable that somebody has set. */
export interface Given {
  readonly from: string;
  readonly text: string;
}

/** What the flag says, else what its variable says, else the default. */
export function given(
  flag: string,
  value: string | undefined,
  env: Environment,
  variable: string,
  otherwise: string,
): Given {
  const ofVariable = env[variable];
  if (value === undefined && ofVariable !== undefined) return { from: `${variable}=`, text: ofVariable };
  return { from: `${flag} `, text: value ?? otherwise };
}

/** The name of this machine's node; its host name, unless somebody gives another. */
export function givenNode(value: string | undefined, env: Environment, variable: string): Given {
  const found = given('--node', value, env, variable, '');
  return found.text ? found : { from: "this machine's host name (or else --node) ", text: hostname() };
}

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];
export const backends = ['auto', 'image', 'directory'] as const;
export type Backend = (typeof backends)[number];

/** A port number; throws `invalid` with the name of the flag or variable. */
export function readPort({ from, text }: Given): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  return port <= 65_535
    ? port
    : fail('invalid', `${from}${text}: a port is a number from 1 to 65535, or 0 for a free one`);
}

/** The name of a node, in lower case. */
export function readNodeName({ from, text }: Given): string {
  const name = text.toLowerCase();
  return /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(name)
    ? name
    : fail(
        'invalid',
        `${from}${text}: the name of a node has letters, digits, "-" and "." only, and starts with a letter or digit`,
      );
}

/** One of a few words. */
export function oneOf<T extends string>({ from, text }: Given, known: readonly T[]): T {
  return known.find((item) => item === text) ?? fail('invalid', `${from}${text}: it is one of ${known.join(', ')}`);
}

/** `true` or `false`. */
export function readBoolean(given: Given): boolean {
  return oneOf(given, ['true', 'false']) === 'true';
}

/** `host:port`, or `:port` for every address of this machine. */
export function readAddress({ from, text }: Given): { readonly host: string | undefined; readonly port: number } {
  const [, host, port] = /^(.*):([^:]*)$/.exec(text) ?? [];
  if (port === undefined) fail('invalid', `${from}${text}: write ADDRESS:PORT, or :PORT for every address`);
  return { host: host?.replace(/^\[(.*)\]$/, '$1') || undefined, port: readPort({ from, text: port }) };
}
