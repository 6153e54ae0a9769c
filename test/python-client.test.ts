import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { installPythonClient, pythonClient } from '../scripts/python-client.ts';
import { exec } from '../src/lib/exec.ts';
import { makeScratch } from './engines/local-scratch.ts';
import { Program, root } from './support/program.ts';

beforeAll(() => installPythonClient(), 300_000);

test('the Python client lists nodes, and lists, creates, patches, deletes and watches claims', async () => {
  await using scratch = await makeScratch();
  const program = new Program({ data: join(scratch.path, 'data') });
  await program.start();
  try {
    const script = join(root, 'test/python-client/claims.py');
    const env = { PYTHONPATH: pythonClient, PYTHONDONTWRITEBYTECODE: '1', KUBECONFIG: program.kubeconfig };
    const { stdout } = await exec(['python3', script], { env, timeout: 100_000 });
    const steps = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    expect(steps).toEqual([
      { step: 'list nodes', ready: ['True'] },
      { step: 'list claims', claims: [] },
      { step: 'create', claim: ['by-python', null] },
      { step: 'patch', claim: ['by-python', 'web'] },
      { step: 'select', claims: [['by-python', 'web']] },
      { step: 'refuse', status: 404, reason: 'NotFound' },
      { step: 'watch', events: ['ADDED', 'DELETED'] },
    ]);
  } finally {
    await program.end('SIGTERM');
  }
});
