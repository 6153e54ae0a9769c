import { describe } from 'vitest';
import { openServed } from '../kube-api/served.ts';
import { testRoles } from './suite.ts';

// Over our own API server, which is there on every machine. test/kube runs the same over a real one.
describe('the roles of a cluster', () => {
  testRoles(openServed);
});
