import { resolve } from 'node:path';
import { dataDirectory } from '../../cli/flags/data-directory.ts';
import { readStoreVersion } from '../../cli/flags/store-version.ts';
import type { UpFlags } from '../../cli/flags/up-flags.ts';
import { fail } from '../../lib/errors.ts';
import {
  type Backend,
  backends,
  type Environment,
  type Given,
  given,
  givenNode,
  logLevels,
  oneOf,
  readNodeName,
  readPort,
} from '../flag-values.ts';

/** What `up` needs to know. Flags and MOORAGE_* variables are read once, into this; nothing reads them later. */
export interface UpOptions {
  /** The data directory. */
  readonly data: string;
  /** The address that the API listens on, and its port; 0 takes a free one. */
  readonly listen: string;
  readonly port: number;
  /** The name of this machine's Node, and whether somebody chose it; otherwise it is the host name. */
  readonly node: string;
  readonly isNodeGiven: boolean;
  /** CSI drivers of other people to use beside our own. */
  readonly csi: readonly CsiOption[];
  readonly logLevel: string;
  /** How the pool `default` is made, where there is none yet. */
  readonly backend: Backend;
  readonly poolPath?: string | undefined;
  /** The version of a damaged store that may be taken as it is; for this start only. */
  readonly acceptStoreVersion?: number | undefined;
}

/** A foreign CSI driver: where its socket is, and the name that it must have, if one was given. */
export interface CsiOption {
  readonly name?: string | undefined;
  readonly socket: string;
}

/** The port of the API, unless told otherwise. */
export const defaultPort = 6550;

/** A flag beats its variable, which beats the default. Throws `invalid` with the flag's name and what it takes. */
export function readUpOptions(flags: UpFlags, env: Environment = process.env, uid = process.getuid?.()): UpOptions {
  const csiFrom = flags.csi ? '--csi ' : 'MOORAGE_CSI=';
  const csi = flags.csi ?? (env['MOORAGE_CSI'] ?? '').split(',').filter(Boolean);
  const poolPath = flags.poolPath ?? env['MOORAGE_POOL_PATH'];
  return {
    data: dataDirectory(flags.data, env, uid),
    listen: flags.listen ?? env['MOORAGE_LISTEN'] ?? '127.0.0.1',
    port: readPort(given('--port', flags.port, env, 'MOORAGE_PORT', String(defaultPort))),
    node: readNodeName(givenNode(flags.node, env, 'MOORAGE_NODE')),
    isNodeGiven: Boolean(flags.node ?? env['MOORAGE_NODE']),
    csi: csi.map((text) => readCsi({ from: csiFrom, text })),
    logLevel: oneOf(given('--log-level', flags.logLevel, env, 'MOORAGE_LOG', 'info'), logLevels),
    backend: oneOf(given('--backend', flags.backend, env, 'MOORAGE_BACKEND', 'auto'), backends),
    poolPath: poolPath === undefined ? undefined : resolve(poolPath),
    acceptStoreVersion: flags.acceptStoreVersion === undefined ? undefined : readStoreVersion(flags.acceptStoreVersion),
  };
}

function readCsi({ from, text }: Given): CsiOption {
  const [, name, socket] = /^(?:([^=/]+)=)?(?:unix:\/\/)?(\/.+)$/.exec(text) ?? [];
  if (!socket)
    fail(
      'invalid',
      `${from}${text}: give the driver's name and the absolute path of its socket, as in ${from}example.org=/run/csi.sock`,
    );
  return { name, socket };
}
