/** A CSI driver that keeps directories, run by the tests as a process of its own: `node driver.ts --socket … --root …`. */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { RpcError } from '../../src/csi/transport/codes.ts';
import { serveCsi } from '../../src/csi/transport/server.ts';
import { silent } from '../../src/lib/log.ts';
import { controllerService } from './controller.ts';
import { identityService } from './identity.ts';
import { nodeService } from './node.ts';
import { readOptions } from './options.ts';
import { DirectoryStore } from './store.ts';

type Method = (request: never, context: never) => Promise<unknown>;

const options = readOptions(process.argv.slice(2));
const store = new DirectoryStore(options.root);
const forgotten = new Map<string, number>();

/** Every call is written down, and misbehaves as the options say. */
function misbehaving<S extends object>(service: S): S {
  const methods = Object.entries(service).map(([localName, method]) => {
    const name = `${localName.charAt(0).toUpperCase()}${localName.slice(1)}`;
    const wrapped = async (request: never, context: never) => {
      appendFileSync(join(options.root, 'calls'), `${name}\n`);
      await sleep(options.slow[name] ?? 0);
      const failure = options.failing[name];
      if (failure) throw new RpcError(status[failure as 'INTERNAL'], `${name} fails, as it was told to`);
      const answer = await (method as Method)(request, context);
      const times = forgotten.get(name) ?? 0;
      if (times < (options.forgetful[name] ?? 0)) {
        forgotten.set(name, times + 1);
        throw new RpcError(status.DEADLINE_EXCEEDED, `${name} has forgotten to answer, as it was told to`);
      }
      return answer;
    };
    return [localName, wrapped];
  });
  return Object.fromEntries(methods) as S;
}

await serveCsi({
  socket: options.socket,
  identity: misbehaving(identityService(options)),
  controller: misbehaving(controllerService(options, store)),
  node: misbehaving(nodeService(options, store)),
  log: silent,
});
process.stdout.write('ready\n');
