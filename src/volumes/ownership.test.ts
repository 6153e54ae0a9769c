import { describe, expect, test } from 'vitest';
import { answersFor, type Owner } from './ownership.ts';

const owners: readonly (readonly [string, Owner])[] = [
  ['what is here', { node: 'here', settled: true }],
  ['what is to be here', { node: 'here', settled: false }],
  ['what is elsewhere', { node: 'there', settled: true }],
  ['what is to be elsewhere', { node: 'there', settled: false }],
  ['what is for no node', { node: undefined, settled: false }],
];

describe('who works on what', () => {
  test('the only process has what is here, and all that is nowhere yet', () => {
    const has = owners.filter(([, owner]) => answersFor({ node: 'here', sole: true }, owner)).map(([name]) => name);
    expect(has).toEqual(['what is here', 'what is to be here', 'what is to be elsewhere', 'what is for no node']);
  });

  test('of several agents each has what is of its own node, and nothing is of two', () => {
    for (const [name, owner] of owners) {
      const nodes = ['here', 'there'].filter((node) => answersFor({ node, sole: false }, owner));
      expect(nodes, name).toEqual(owner.node === undefined ? [] : [owner.node]);
    }
  });
});
