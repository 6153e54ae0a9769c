import { randomInt } from 'node:crypto';
import { expect, test } from 'vitest';
import { fuzz } from './fuzz/fuzz.ts';
import { Random } from './fuzz/random.ts';
import { request } from './fuzz/requests.ts';

test('a server that is asked for all sorts of things answers, serves others meanwhile, and keeps its size', async () => {
  const { problems, requests, misbehaviours, codes, probes } = await fuzz({ seed: randomInt(2 ** 31), seconds: 15 });
  expect(problems.join('\n\n')).toBe('');
  expect(requests).toBeGreaterThan(20);
  expect(misbehaviours).toBeGreaterThan(0);
  expect(probes.count).toBeGreaterThan(0);
  expect(Object.keys(codes)).toEqual(expect.arrayContaining(['200', '201', '400', '404']));
});

test('the same seed makes the same request again', () => {
  const make = (...seed: number[]) => request(new Random(...seed));
  for (let count = 0; count < 200; count += 1) {
    expect(make(1, 2, count)).toEqual(make(1, 2, count));
  }
  expect(make(1, 2, 3)).not.toEqual(make(2, 2, 3));
});
