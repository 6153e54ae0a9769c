import { parseArgs } from 'node:util';

/** How the driver behaves; each flag stands for a kind of driver that exists in the field. */
export interface DriverOptions {
  readonly socket: string;
  /** Everything it keeps: its volumes, what it knows of them, and the file `calls`, one line for each call. */
  readonly root: string;
  readonly name: string;
  /** It wants ControllerPublishVolume before a node may stage. */
  readonly publish: boolean;
  readonly snapshots: boolean;
  readonly clones: boolean;
  readonly growth: 'none' | 'controller' | 'controller-and-node' | 'node' | 'offline';
  /** Segments of this node, `key=value`. */
  readonly topology: Readonly<Record<string, string>>;
  /** Bytes that it has in all. */
  readonly room: bigint;
  /** How often a new snapshot is asked for before it is ready. */
  readonly snapshotPolls: number;
  /** What its answers to CreateVolume lack, though the volume is made. */
  readonly lacking: readonly string[];
  /** `Method=milliseconds` before it answers. */
  readonly slow: Readonly<Record<string, number>>;
  /** `Method=CODE`: it does nothing, and fails. */
  readonly failing: Readonly<Record<string, string>>;
  /** `Method=times`: it does the work, and then says DEADLINE_EXCEEDED, so often. */
  readonly forgetful: Readonly<Record<string, number>>;
}

const list = { type: 'string' as const, multiple: true as const, default: [] as string[] };

/** Reads the command line of the driver. */
export function readOptions(argv: readonly string[]): DriverOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      socket: { type: 'string', default: '' },
      root: { type: 'string', default: '' },
      name: { type: 'string', default: 'other.example.com' },
      publish: { type: 'boolean', default: false },
      'no-snapshots': { type: 'boolean', default: false },
      'no-clones': { type: 'boolean', default: false },
      growth: { type: 'string', default: 'controller' },
      topology: list,
      room: { type: 'string', default: String(1n << 40n) },
      'snapshot-polls': { type: 'string', default: '0' },
      lacking: list,
      slow: list,
      failing: list,
      forgetful: list,
    },
  });
  return {
    socket: values.socket,
    root: values.root,
    name: values.name,
    publish: values.publish,
    snapshots: !values['no-snapshots'],
    clones: !values['no-clones'],
    growth: values.growth as DriverOptions['growth'],
    topology: pairs(values.topology),
    room: BigInt(values.room),
    snapshotPolls: Number(values['snapshot-polls']),
    lacking: values.lacking,
    slow: numbers(values.slow),
    failing: pairs(values.failing),
    forgetful: numbers(values.forgetful),
  };
}

function pairs(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(texts.map((text) => text.split('=', 2) as [string, string]));
}

function numbers(texts: readonly string[]): Record<string, number> {
  return Object.fromEntries(Object.entries(pairs(texts)).map(([key, value]) => [key, Number(value)]));
}
