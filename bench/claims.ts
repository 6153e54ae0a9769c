import { join } from 'node:path';
import { exec } from '../src/lib/exec.ts';
import type { Stage } from './stage.ts';

/** What a burst of claims took: rate in claims a second from the first request to the last Bound; latencies in ms. */
export interface Burst {
  readonly count: number;
  readonly createSeconds: number;
  readonly seconds: number;
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
}

/** Creates so many claims in one burst, from a process of its own. */
export async function burst(stage: Stage, count: number, inFlight = 48): Promise<Burst> {
  const client = join(import.meta.dirname, 'burst.ts');
  const argv = [process.execPath, client, stage.program.kubeconfig, String(count), String(inFlight)] as const;
  const { stdout } = await exec(argv, { timeout: 60_000 + count * 100 });
  return JSON.parse(stdout) as Burst;
}
