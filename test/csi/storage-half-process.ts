import { openStorageHalf } from './storage-half.ts';

/** `node storage-half-process.ts DATA BACKEND [PATH]`: the storage half in a process of its own, until it is ended. */
const [dataDir = '', backend, path] = process.argv.slice(2);
const pool =
  backend === 'quota'
    ? { engine: 'quota', path }
    : ({ backend: backend === 'directory' ? 'directory' : 'image' } as const);
const half = await openStorageHalf(dataDir, pool);
process.stdout.write('ready\n');
process.once('SIGTERM', () => void half[Symbol.asyncDispose]().then(() => process.exit(0)));
