import { openStorageHalf } from './storage-half.ts';

/** `node storage-half-process.ts DATA BACKEND`: the storage half in a process of its own, until it is ended. */
const [dataDir = '', backend] = process.argv.slice(2);
const half = await openStorageHalf(dataDir, backend === 'directory' ? 'directory' : 'image');
process.stdout.write('ready\n');
process.once('SIGTERM', () => void half[Symbol.asyncDispose]().then(() => process.exit(0)));
