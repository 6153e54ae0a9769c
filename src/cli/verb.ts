import type { Command } from 'commander';
import type { ConnectionOptions } from './connection.ts';
import type { ClusterFlags } from './flags/cluster-flags.ts';
import type { Roles, UpFlags } from './flags/up-flags.ts';
import type { Format } from './output/print.ts';
import type { Terminal } from './output/terminal.ts';

/** Every flag that a verb can have, as it was typed. */
export interface Flags extends ConnectionOptions, Omit<UpFlags, 'data'>, Omit<ClusterFlags, keyof ConnectionOptions> {
  readonly output?: Format;
  readonly readOnly?: boolean;
  readonly claim?: readonly string[];
  readonly user?: string;
  readonly size?: string;
  readonly storageClass?: string;
  readonly wait?: boolean;
  readonly clean?: boolean;
  readonly store?: boolean;
  readonly grace?: string;
  readonly name?: string;
  readonly timeout?: string;
  readonly undo?: string;
}

/** One call of a verb. */
export interface Call {
  readonly args: readonly string[];
  readonly flags: Flags;
  readonly terminal: Terminal;
  readonly roles: Roles;
  /** The whole command line, as a tree. */
  readonly root: Command;
}

/** One verb of `moorage`: what --help and completion say of it, and what it does. */
export interface Verb {
  /** As commander takes it: `mount <claim> <path>`. The names of the arguments tell completion what to offer. */
  readonly usage: string;
  readonly summary: string;
  readonly details?: string;
  /** Flags as commander takes them, and what they do. */
  readonly flags?: readonly (readonly [flags: string, description: string])[];
  /** Whether it talks to the API, and so takes --namespace, --kubeconfig and --data. */
  readonly connects?: boolean;
  /** Whether everything after the first argument belongs to another program. */
  readonly passesOn?: boolean;
  /** True for what only completion scripts call. */
  readonly isHidden?: boolean;
  /** What -o takes, if it prints for programs too. */
  readonly formats?: readonly Format[];
  readonly examples: readonly (readonly [command: string, effect: string])[];
  /** Returns the exit code. Loads what it needs when it is called, so that --help is quick. */
  readonly run: (call: Call) => Promise<number>;
}
