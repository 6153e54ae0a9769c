import type { Verb } from '../verb.ts';
import { clusterVerbs } from './system/cluster.ts';

const timeout = ['--timeout <seconds>', 'how long to wait (default: 60)'] as const;
const objectFormats = ['json', 'yaml', 'name'] as const;

/** All verbs, in the order in which --help shows them. */
export const verbs: readonly Verb[] = [
  {
    usage: 'up',
    summary: 'run Moorage on this machine, in the foreground',
    details:
      'Runs the Kubernetes API, the controllers, the CSI driver and the node agent in one process, until Ctrl-C.\nEach flag has a variable too: MOORAGE_DATA, MOORAGE_PORT, MOORAGE_LISTEN, MOORAGE_NODE, MOORAGE_CSI (a list with\ncommas), MOORAGE_LOG, MOORAGE_BACKEND, MOORAGE_POOL_PATH.',
    flags: [
      [
        '--data <directory>',
        'where everything is kept (default: /var/lib/moorage as root, else ~/.local/share/moorage)',
      ],
      ['--port <port>', 'port of the API; 0 takes a free one (default: 6550)'],
      ['--listen <address>', 'address that the API listens on (default: 127.0.0.1)'],
      ['--node <name>', "this machine's name among the nodes (default: its host name)"],
      ['--csi <name=socket...>', 'use this CSI driver too; may be given several times'],
      ['--log-level <level>', 'trace, debug, info, warn, error, fatal or silent (default: info)'],
      ['--backend <backend>', 'of the first pool: auto, image or directory (default: auto)'],
      ['--pool-path <path>', 'directory or unused disk of the first pool (default: in the data directory)'],
      [
        '--accept-store-version <version>',
        'go on with a damaged store, without what is lost; a refused start names it',
      ],
    ],
    examples: [
      ['moorage up', 'start, and say what to do next'],
      ['moorage up --port 0 --data ./moorage-data', 'start a second one beside it'],
      ['moorage up --csi hostpath.csi.k8s.io=/run/csi.sock', 'provision with a driver of somebody else, too'],
    ],
    run: ({ flags, roles }) => roles.up(flags),
  },
  {
    usage: 'kubeconfig',
    summary: 'print the path of the kubeconfig of `moorage up`',
    flags: [['--data <directory>', 'the data directory of `moorage up`']],
    examples: [['export KUBECONFIG=$(moorage kubeconfig)', 'from now on, kubectl talks to Moorage']],
    run: async (call) => (await import('./system/kubeconfig.ts')).kubeconfig(call),
  },
  {
    usage: 'status',
    summary: 'show whether it runs, how full it is, and what is wrong',
    connects: true,
    formats: ['json', 'yaml'],
    examples: [
      ['moorage status', 'one screen'],
      ['moorage status -o json', 'the same for programs'],
    ],
    run: async (call) => (await import('./system/status.ts')).status(call),
  },
  {
    usage: 'explain <kind/name>',
    summary: 'say why a claim, volume, mount, pool or snapshot is where it is, or why it is not',
    details: 'Kinds: pvc, pv, volume, mount, pool, snapshot (or any name that kubectl takes for these).',
    connects: true,
    formats: ['json', 'yaml'],
    examples: [
      ['moorage explain pvc/data', 'why claim data is where it is, or why it is not bound'],
      ['moorage explain mount/web -n shop', 'what a Mount waits for'],
    ],
    run: async (call) => (await import('./system/explain.ts')).explain(call),
  },
  {
    usage: 'mount <claim> <path>',
    summary: 'mount a claim at a path',
    details:
      'The path must not exist, or be an empty directory. It stays mounted until `moorage umount`, also after a reboot. If it\ncan not be mounted in time, nothing is left of it.',
    flags: [
      ['--read-only', 'allow no writes through this mount'],
      ['--name <name>', 'name of the Mount (default: from claim and path)'],
      timeout,
    ],
    connects: true,
    formats: objectFormats,
    examples: [
      ['moorage mount data /srv/data', 'mount claim data'],
      ['moorage mount data /mnt/look --read-only', 'once more, to look at it'],
    ],
    run: async (call) => (await import('./volumes/mount.ts')).mount(call),
  },
  {
    usage: 'umount <path-or-mount>',
    summary: 'unmount what is at a path, or the Mount of a name',
    flags: [timeout],
    connects: true,
    examples: [['moorage umount /srv/data', 'unmount it; says who uses it, if somebody does']],
    run: async (call) => (await import('./volumes/umount.ts')).umount(call),
  },
  {
    usage: 'run <program> [arguments...]',
    summary: 'run a program on claims, that are mounted while it runs',
    details:
      'As root, the program sees the claims at their paths in a mount namespace of its own; nothing else on the machine\ndoes. Otherwise a claim appears as a symbolic link at its path, if that can be made. Either way the variable\nMOORAGE_CLAIM_NAME says where it is. The mounts go when the program ends, however it ends, and directories that were\nmade for them; its exit code is ours.',
    flags: [
      ['--claim <name:path[:ro]...>', 'claim, and where the program sees it; may be given several times'],
      ['--user <user[:group]>', 'run the program as this user (root only); a new, empty volume is given to it'],
      timeout,
    ],
    connects: true,
    passesOn: true,
    examples: [
      ['moorage run --claim data:/data -- postgres -D /data/db', 'a database on claim data'],
      ['moorage run --claim data:/data:ro -- ls -l /data', 'look into it'],
      ['moorage run --claim db:/db --user nobody -- sh', 'as another user'],
    ],
    run: async (call) => (await import('./volumes/run.ts')).run(call),
  },
  {
    usage: 'snapshot <claim> [name]',
    summary: 'take a snapshot of a claim',
    flags: [timeout],
    connects: true,
    formats: objectFormats,
    examples: [
      ['moorage snapshot data', 'named after the claim and the time'],
      ['moorage snapshot data before-upgrade', 'with a name'],
    ],
    run: async (call) => (await import('./volumes/snapshot.ts')).snapshot(call),
  },
  {
    usage: 'restore <snapshot> <new-claim>',
    summary: 'make a new claim from a snapshot',
    flags: [
      ['--size <size>', 'size of the new claim (default: that of the snapshot)'],
      ['--storage-class <name>', 'class of the new claim (default: that of the claim it was taken of)'],
      timeout,
    ],
    connects: true,
    formats: objectFormats,
    examples: [
      ['moorage restore before-upgrade data-2', 'a second claim, with the content of the snapshot'],
      ['moorage restore before-upgrade data-2 --size 20Gi', 'and more room'],
    ],
    run: async (call) => (await import('./volumes/restore.ts')).restore(call),
  },
  {
    usage: 'clone <claim> <new-claim>',
    summary: 'make a new claim as a copy of another one',
    flags: [
      ['--size <size>', 'size of the new claim (default: that of the other one)'],
      ['--storage-class <name>', 'class of the new claim (default: that of the other one)'],
      timeout,
    ],
    connects: true,
    formats: objectFormats,
    examples: [['moorage clone data data-test', 'a copy to try things on']],
    run: async (call) => (await import('./volumes/clone.ts')).clone(call),
  },
  {
    usage: 'grow <claim> <size>',
    summary: 'grow a claim, also while it is mounted',
    flags: [['--no-wait', 'only ask for it'], timeout],
    connects: true,
    formats: objectFormats,
    examples: [
      ['moorage grow data 20Gi', 'to 20 GiB'],
      ['moorage grow data +5Gi', 'by 5 GiB'],
    ],
    run: async (call) => (await import('./volumes/grow.ts')).grow(call),
  },
  {
    usage: 'adopt [paths...]',
    summary: 'take over pools that are there, with their volumes, after the objects were lost',
    details:
      'Looks for the marks of pools in the data directory, and at the paths that are given: directories of pools from\nelsewhere. Each gets its Pool again, and each of its volumes and snapshots a Volume or Snapshot. For every volume\nthere is a PersistentVolume then, which stays when its claim goes; where it is known which claim it was made for, it is\nreserved for a claim of that name: make your claims again, and they have their data.',
    flags: [['--storage-class <name>', 'class of the PersistentVolumes (default: the default class)'], timeout],
    connects: true,
    examples: [
      ['moorage adopt', 'after the store of objects was lost'],
      ['moorage adopt /srv/old-data/pools/default', 'a pool of another data directory'],
    ],
    run: async (call) => (await import('./volumes/adopt.ts')).adopt(call),
  },
  {
    usage: 'inventory',
    summary: 'compare objects, engine and disks, and name each difference',
    details: 'Exit code 0 if everything agrees, 1 if something leaked, is lost or differs.',
    flags: [
      ['--clean', "remove what carries Moorage's mark and what no object has claimed for the grace period"],
      ['--grace <seconds>', 'that grace period (default: 3600)'],
      timeout,
    ],
    connects: true,
    formats: ['json', 'yaml'],
    examples: [
      ['moorage inventory', 'look, and change nothing'],
      ['moorage inventory --clean', 'remove leaks that are ours and old'],
    ],
    run: async (call) => (await import('./system/inventory.ts')).inventory(call),
  },
  {
    usage: 'doctor',
    summary: 'say what this machine can do, what it lacks, and what to install',
    details: 'Needs no running Moorage.',
    flags: [
      ['--data <directory>', 'data directory to look at'],
      ['--store', 'read the store from end to end instead, also while Moorage runs'],
    ],
    formats: ['json', 'yaml'],
    examples: [
      ['moorage doctor', 'a list, worst first'],
      ['moorage doctor --store', 'whether all objects are there, and what to do if not'],
    ],
    run: async (call) => (await import('./system/doctor.ts')).doctor(call),
  },
  {
    usage: 'backup-store <file>',
    summary: 'copy all objects to a new file, also while Moorage runs',
    details: 'The objects, not the data in the volumes. Run it as the user that runs "moorage up", on its machine.',
    flags: [['--data <directory>', 'the data directory of `moorage up`']],
    examples: [['moorage backup-store /backup/moorage-1.db', 'a copy that was read back and is whole']],
    run: async (call) => (await import('./system/store.ts')).backUpStore(call),
  },
  {
    usage: 'restore-store <file>',
    summary: 'make the store of this machine from a backup',
    details: 'Only where there is no store yet.',
    flags: [
      ['--data <directory>', 'the data directory of `moorage up`'],
      ['--accept-store-version <version>', 'take a backup older than what this machine has seen'],
    ],
    examples: [['moorage restore-store /backup/moorage-1.db', 'then start with `moorage up`']],
    run: async (call) => (await import('./system/store.ts')).restoreStore(call),
  },
  {
    usage: 'version',
    summary: 'print the versions of Moorage, Node.js and SQLite',
    formats: ['json', 'yaml'],
    examples: [['moorage version', 'for bug reports']],
    run: async (call) => (await import('./system/version.ts')).version(call),
  },
  {
    usage: 'completion <shell>',
    summary: 'print the completion script for bash, zsh or fish',
    examples: [
      ['source <(moorage completion bash)', 'for this shell'],
      ['moorage completion fish > ~/.config/fish/completions/moorage.fish', 'for ever'],
    ],
    run: async (call) => (await import('./system/completion.ts')).completion(call),
  },
  ...clusterVerbs,
  {
    usage: '__complete <source> [typed]',
    summary: 'print names for a completion script',
    isHidden: true,
    connects: true,
    examples: [],
    run: async (call) => (await import('./system/complete.ts')).complete(call),
  },
];
