import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { User } from './user.ts';

/** A volume that the program gets: where it is mounted, and where the program shall see it. */
export interface Placed {
  readonly source: string;
  readonly path: string;
  readonly readOnly: boolean;
}

export interface Launch {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Volumes to bind in a mount namespace of the program's own; empty: none is made. */
  readonly binds: readonly Placed[];
  /** Who the program runs as. */
  readonly user?: User | undefined;
  /** Mounts that the program's namespace shall not keep alive: those of Moorage that it was not given. */
  readonly hide: readonly string[];
  /** The owner's lock, which the program inherits. */
  readonly descriptor: number;
  /** The lock on places, which is held until the volumes are bound. */
  readonly places?: number | undefined;
}

// Runs inside the new namespace; every path comes as an argument, none as text. Each step replaces the process before
// it, so that the program has the process id that signals go to. What it makes is inside other volumes: the rest is
// there already (places.ts), and stays, since the lock on places is held until all is bound.
const insideScript = `
set -eu
binds=$1; shift
while [ "$binds" -gt 0 ]; do
  if [ -d "$1" ]; then
    mkdir -p -- "$2"
  else
    mkdir -p -- "$(dirname -- "$2")"
    [ -e "$2" ] || : > "$2"
  fi
  mount --bind -- "$1" "$2"
  if [ "$3" = ro ]; then mount -o remount,bind,ro -- "$2"; fi
  shift 3
  binds=$((binds - 1))
done
exec 4>&-
hidden=$1; shift
while [ "$hidden" -gt 0 ]; do
  umount --lazy -- "$1" 2>/dev/null || :
  shift
  hidden=$((hidden - 1))
done
cd -- "$PWD" 2>/dev/null || :
exec "$@"
`;

/** Starts the program. As root, and where something is to be bound, in a mount namespace of its own. */
export function launch({ argv, env, binds, user, hide, descriptor, places }: Launch): ChildProcess {
  const program = user ? ['setpriv', ...user.setpriv, '--', ...argv] : [...argv];
  const bound = binds.flatMap(({ source, path, readOnly }) => [source, path, readOnly ? 'ro' : 'rw']);
  const inside = [String(binds.length), ...bound, String(hide.length), ...hide];
  const [command = '', ...args] =
    binds.length > 0
      ? [
          'unshare',
          '--mount',
          '--propagation',
          'slave',
          '--',
          'sh',
          '-c',
          insideScript,
          'moorage-run',
          ...inside,
          ...program,
        ]
      : program;
  return spawn(command, args, {
    env: { ...process.env, ...env },
    stdio: ['inherit', 'inherit', 'inherit', descriptor, ...(places === undefined ? [] : [places])],
  });
}

/** Passes signals on to the program. What a terminal sends to everybody reaches the program by itself. */
export function passSignals(child: ChildProcess): Disposable {
  const fromTerminal: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT'];
  const signals: readonly NodeJS.Signals[] = [...fromTerminal, 'SIGTERM', 'SIGHUP', 'SIGUSR2', 'SIGCONT'];
  const stack = new DisposableStack();
  for (const signal of signals) {
    const pass = () => {
      if (process.stdin.isTTY && fromTerminal.includes(signal)) return;
      child.kill(signal);
    };
    process.on(signal, pass);
    stack.defer(() => process.off(signal, pass));
  }
  return stack;
}

/** Waits for the program; its exit code, or 128 and the number of the signal that ended it, as shells say it. */
export async function exitCodeOf(child: ChildProcess): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once('error', reject);
  child.once('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  return promise;
}
