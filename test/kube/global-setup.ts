import { startCluster } from './cluster/index.ts';

/** Brings the cluster up, unless it is there already, and takes down what it brought up when all tests are done. */
export default async function setUp(): Promise<(() => Promise<void>) | undefined> {
  // Every test there says for itself that it needs root.
  if (process.getuid?.() !== 0) return undefined;
  const cluster = await startCluster({ say: (text) => console.log(`kube: ${text}`) });
  return () => cluster[Symbol.asyncDispose]();
}
