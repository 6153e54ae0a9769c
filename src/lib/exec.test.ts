import { expect, test } from 'vitest';
import { exec } from './exec.ts';

const print = (text: string) => ['sh', '-c', text] as const;

test('a program that prints more than is read has failed, however it ends, and is told of by its last words', async () => {
  const many = 'head -c 100000 /dev/zero | tr "\\0" x';
  await expect(exec([...print(many)], { maxOutput: 99_999 })).rejects.toThrow(/printed more than the 99999 characters/);
  expect((await exec([...print(many)], { maxOutput: 100_000 })).stdout).toBe('x'.repeat(100_000));
  const complaint = 'head -c 1000000 /dev/zero | tr "\\0" x >&2; echo >&2; echo the end >&2; exit 3';
  await expect(exec([...print(complaint)])).rejects.toThrow(/failed with exit code 3: x{1900,1999}; the end$/);
  const accepted = await exec([...print(complaint)], { ok: [3] });
  expect(accepted.stderr.length).toBeLessThan(200_000);
  expect(accepted.stderr).toMatch(/the end\n$/);
});

test.each(['yes', 'yes >&2'])(
  'a program that prints for ever (%s) costs its time limit, not memory',
  async (program) => {
    const before = process.memoryUsage().heapUsed;
    let most = 0;
    const looking = setInterval(() => {
      most = Math.max(most, process.memoryUsage().heapUsed - before);
    }, 20);
    try {
      await expect(exec([...print(`exec ${program}`)], { timeout: 1_000, maxOutput: 2 ** 20 })).rejects.toMatchObject({
        code: 'timeout',
      });
    } finally {
      clearInterval(looking);
    }
    expect(most).toBeLessThan(100 * 2 ** 20);
  },
);
