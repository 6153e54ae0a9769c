import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MoorageError } from '../../lib/errors.ts';
import { silent } from '../../lib/log.ts';
import { CreateVolumeRequestSchema } from '../protocol/csi_pb.ts';
import { connectCsi } from './client.ts';
import { RpcError } from './codes.ts';
import { redacted } from './redact.ts';
import { type ControllerService, serveCsi } from './server.ts';

let directory: string;
let socket: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'moorage-csi-'));
  socket = join(directory, 'run', 'csi.sock');
});
afterEach(() => rm(directory, { recursive: true }));

async function serving(controller: ControllerService) {
  const stack = new AsyncDisposableStack();
  const calls: string[] = [];
  const identity = { getPluginInfo: async () => ({ name: 'csi.moorage.dev', vendorVersion: '1' }) };
  const onCall = ({ method, code }: { method: string; code: string }) => void calls.push(`${method} ${code}`);
  stack.use(await serveCsi({ socket, identity, controller, log: silent, onCall }));
  const client = connectCsi(socket);
  stack.defer(() => client.close());
  return { client, calls, [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose]() };
}

describe('a call', () => {
  test('carries messages with 64-bit sizes both ways, and is counted', async () => {
    await using it = await serving({
      createVolume: async (request) => ({
        volume: { volumeId: request.name, capacityBytes: request.capacityRange?.requiredBytes ?? 0n },
      }),
    });
    const { volume } = await it.client.controller.createVolume({
      name: 'a',
      capacityRange: { requiredBytes: 1n << 60n },
    });
    expect(volume?.volumeId).toBe('a');
    expect(volume?.capacityBytes).toBe(1n << 60n);
    expect((await it.client.identity.getPluginInfo({})).name).toBe('csi.moorage.dev');
    expect(it.calls).toEqual(['CreateVolume OK', 'GetPluginInfo OK']);
  });

  test('that fails says so with its status and one message, without a stack', async () => {
    await using it = await serving({
      createVolume: async () => {
        throw new MoorageError('exhausted', 'creating volume ä: pool "fast" is full');
      },
      deleteVolume: async () => {
        throw new TypeError('a bug');
      },
      controllerExpandVolume: async () => {
        throw new RpcError(status.OUT_OF_RANGE, 'too large');
      },
    });
    const failure = await it.client.controller.createVolume({ name: 'a' }).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'exhausted',
      status: status.RESOURCE_EXHAUSTED,
      message: 'creating volume ä: pool "fast" is full',
    });
    await expect(it.client.controller.deleteVolume({})).rejects.toMatchObject({ code: 'internal', message: 'a bug' });
    await expect(it.client.controller.controllerExpandVolume({})).rejects.toMatchObject({
      status: status.OUT_OF_RANGE,
    });
  });

  test('of what a driver does not have is UNIMPLEMENTED', async () => {
    await using it = await serving({});
    await expect(it.client.controller.createVolume({})).rejects.toMatchObject({ code: 'unsupported' });
    await expect(it.client.node.nodeGetInfo({})).rejects.toMatchObject({ code: 'unsupported' });
  });

  test('ends at its deadline and when its caller gives up, and the service is told', async () => {
    const reasons: unknown[] = [];
    const told = Promise.withResolvers<void>();
    await using it = await serving({
      createVolume: (_request, { signal }) => {
        const { promise, reject } = Promise.withResolvers<never>();
        signal.addEventListener('abort', () => {
          reasons.push(signal.reason);
          if (reasons.length === 2) told.resolve();
          reject(signal.reason);
        });
        return promise;
      },
    });
    await expect(it.client.controller.createVolume({}, { timeout: 50 })).rejects.toMatchObject({ code: 'timeout' });
    await expect(it.client.controller.createVolume({}, { signal: AbortSignal.timeout(50) })).rejects.toMatchObject({
      status: status.CANCELLED,
    });
    await told.promise;
    expect(reasons).toEqual([expect.any(MoorageError), expect.any(MoorageError)]);
  });

  test('that is too large is refused', async () => {
    await using it = await serving({ createVolume: async () => ({}) });
    await expect(it.client.controller.createVolume({ name: 'x'.repeat(2 << 20) })).rejects.toMatchObject({
      code: 'exhausted',
    });
  });

  test('fails at once while nobody answers, and works again soon after the driver is back', async () => {
    const client = connectCsi(socket);
    await expect(client.controller.createVolume({})).rejects.toMatchObject({ code: 'not-ready' });
    await using _server = await serving({ createVolume: async () => ({}) });
    await expect.poll(() => client.controller.createVolume({}), { interval: 50 }).toBeDefined();
    client.close();
  });
});

describe('the socket', () => {
  test('is for its owner only', async () => {
    await using _it = await serving({});
    expect((await stat(socket)).mode & 0o777).toBe(0o600);
    expect((await stat(join(directory, 'run'))).mode & 0o777).toBe(0o700);
  });

  test('of a killed server is replaced; one that answers, and what is no socket, are not', async () => {
    socket = join(directory, 'csi.sock');
    await writeFile(socket, 'precious');
    await expect(serving({})).rejects.toMatchObject({ code: 'invalid' });
    await rm(socket);

    const other = createServer().listen(socket);
    await new Promise((resolve) => other.once('listening', resolve));
    await expect(serving({})).rejects.toMatchObject({ code: 'in-use' });
    await new Promise((resolve) => other.close(resolve));

    const killed = `require('net').createServer().listen('${socket}', () => process.kill(process.pid, 'SIGKILL'))`;
    const { exec } = await import('../../lib/exec.ts');
    await exec([process.execPath, '-e', killed]).catch(() => {});
    expect((await stat(socket)).isSocket()).toBe(true);
    await using it = await serving({});
    expect((await it.client.identity.getPluginInfo({})).name).toBe('csi.moorage.dev');
  });
});

test('secrets are not in what is logged', () => {
  const request = create(CreateVolumeRequestSchema, {
    name: 'a',
    parameters: { pool: 'fast' },
    secrets: { password: 'hunter2' },
    volumeCapabilities: [{ accessType: { case: 'mount', value: { fsType: 'ext4' } } }],
  });
  expect(redacted(CreateVolumeRequestSchema, request)).toEqual({
    name: 'a',
    parameters: { pool: 'fast' },
    secrets: '1 entries, not shown',
    volumeCapabilities: [{ mount: { fsType: 'ext4' } }],
  });
});
