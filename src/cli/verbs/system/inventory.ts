import { fail } from '../../../lib/errors.ts';
import { type Inventory, inventories } from '../../../model/kinds/index.ts';
import { connect } from '../../connection.ts';
import { readTimeout } from '../../objects/claims.ts';
import { waitFor } from '../../objects/wait-for.ts';
import { count } from '../../output/human.ts';
import { printData } from '../../output/print.ts';
import { Progress } from '../../output/progress.ts';
import { table } from '../../output/table.ts';
import type { Call } from '../../verb.ts';
import { readyMessage } from '../../world/problems.ts';

/** Compares objects, engine and disks, and prints each difference. Returns 0 if there is none, else 1. */
export async function inventory({ flags, terminal }: Call): Promise<number> {
  await using api = await connect(flags);
  using progress = new Progress(terminal, 'comparing the objects, the engine and the disks');
  const graceSeconds = flags.grace === undefined ? undefined : readGrace(flags.grace);
  const wish: Inventory = {
    apiVersion: 'moorage.dev/v1alpha1',
    kind: 'Inventory',
    metadata: { name: '', generateName: 'inventory-' },
    spec: { clean: flags.clean ?? false, ...(graceSeconds === undefined ? {} : { graceSeconds }) },
  };
  const { metadata } = await api.create(inventories, wish);
  const ref = { name: metadata.name };
  const done = await waitFor({
    api,
    kind: inventories,
    ref,
    timeout: readTimeout(flags.timeout),
    until: (it) => it === undefined || it.status?.phase === 'Completed' || it.status?.phase === 'Failed',
    late: () => 'it is not done yet; is "moorage up" well?',
  });
  await api.delete(inventories, ref);
  progress[Symbol.dispose]();
  if (done?.status?.phase !== 'Completed') {
    fail('internal', `the inventory failed: ${readyMessage(done?.status?.conditions) ?? 'it is gone'}`);
  }
  const differences = done.status.differences ?? [];
  // What was not made by Moorage, or for no claim, is worth knowing, and no fault.
  const faults = differences.filter(({ kind, action }) => kind !== 'Foreign' && kind !== 'Unclaimed' && !action);
  const exitCode = faults.length > 0 ? 1 : 0;
  if (await printData(differences, flags.output, terminal)) return exitCode;
  if (differences.length === 0) {
    terminal.out('No difference: what the objects say, what the engine keeps and what is on disk agree.');
    return 0;
  }
  const rows = differences.map(({ kind, what, name, message, action }) => [kind, what, name, message, action ?? '']);
  terminal.out(table(['difference', 'what', 'name', 'message', 'done'], rows, terminal));
  const leaks = faults.some(({ kind, message }) => kind === 'Leak' && !/(and|it) is kept$/.test(message));
  const next = leaks && !flags.clean ? '; "moorage inventory --clean" removes what leaked and is ours' : '';
  terminal.note(`${count(faults.length, 'difference is', 'differences are')} left${next}.`);
  return exitCode;
}

function readGrace(text: string): number {
  return /^\d{1,8}$/.test(text) ? Number(text) : fail('invalid', `--grace ${text}: give a number of seconds`);
}
