import { defineConfig } from 'vitest/config';

const report = process.env['MOORAGE_TEST_REPORT'];
/** What a test waits for comes at once, but not on a machine that is busy with something else. */
const expect = { poll: { timeout: 15_000 } };

export default defineConfig({
  test: {
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
    projects: [
      { test: { name: 'unit', include: ['src/**/*.test.ts'], testTimeout: 20_000, expect } },
      {
        // Whole programs, real devices and sockets: one file at a time, since they share the machine's loop devices.
        test: {
          name: 'integration',
          expect,
          include: ['test/**/*.test.ts'],
          exclude: ['test/kube/**'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        // On a Kubernetes of two nodes, which is brought up first if it is not there: `npm run test:kube`.
        test: {
          name: 'kube',
          expect,
          include: ['test/kube/**/*.test.ts'],
          globalSetup: ['test/kube/global-setup.ts'],
          fileParallelism: false,
          // Two nodes and a control plane on one machine now and then miss a time limit; the report says which did.
          retry: 1,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
