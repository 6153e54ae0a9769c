import { defineConfig } from 'vitest/config';

const report = process.env['MOORAGE_TEST_REPORT'];

export default defineConfig({
  test: {
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
    projects: [
      { test: { name: 'unit', include: ['src/**/*.test.ts'], testTimeout: 20_000 } },
      {
        // Whole programs, real devices and sockets: one file at a time, since they share the machine's loop devices.
        test: {
          name: 'integration',
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
