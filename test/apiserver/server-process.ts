/** An API server in a process of its own, with the data directory that is its argument; prints where it is. */
import { join } from 'node:path';
import { openEmbeddedApi } from '../../src/api/embedded/embedded-api.ts';
import { startApiServer } from '../../src/apiserver/server.ts';
import { openLog } from '../../src/lib/log.ts';
import { allKinds } from '../../src/model/kinds/index.ts';

const [dir = ''] = process.argv.slice(2);
const log = openLog('error');
const api = await openEmbeddedApi({ file: join(dir, 'store.db'), log, kinds: allKinds });
const { kubeconfigFile } = await startApiServer({ api, dir, port: 0, log });
process.stdout.write(`${kubeconfigFile}\n`);
// It ends with the test, however that ends.
process.stdin.resume().once('end', () => process.exit());
