import { expect, test } from 'vitest';
import { exec } from '../src/lib/exec.ts';
import { root } from './support/program.ts';

test.for([{ who: 'root', wrap: [] }])('the demo, as $who, ends well and says what happened', async ({ wrap }) => {
  const result = await exec([...wrap, process.execPath, 'demo/main.ts'] as unknown as [string], {
    cwd: root,
    timeout: 110_000,
  });
  expect(result.stdout).toContain('sums agree');
  expect(result.stdout).toContain('no mount, no loop device, no file');
});
