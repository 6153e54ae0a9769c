import { openAgent } from './cluster-rig.ts';

/** `node agent-process.ts KUBECONFIG DIR NODE`: the agent of a node in a process of its own, until it is ended. */
const [kubeconfig = '', dir = '', node = ''] = process.argv.slice(2);
const agent = await openAgent({ kubeconfig, dir }, node);
process.stdout.write('ready\n');
process.once('SIGTERM', () => void agent[Symbol.asyncDispose]().then(() => process.exit(0)));
