import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { exec } from '../../lib/exec.ts';
import { silent } from '../../lib/log.ts';
import { Registration } from '../protocol/pluginregistration_pb.ts';
import { connectGrpc } from '../transport/client.ts';
import { registerWithKubelet } from './register.ts';

let directory: string;
let socket: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'moorage-registration-'));
  socket = join(directory, 'csi.moorage.dev-reg.sock');
});
afterEach(() => rm(directory, { recursive: true }));

const endpoint = '/var/lib/kubelet/plugins/csi.moorage.dev/csi.sock';
const register = () =>
  registerWithKubelet({ driverName: 'csi.moorage.dev', endpoint, registrationSocket: socket, log: silent });

/** What a kubelet does when it finds the socket. */
function kubelet() {
  const { client, close } = connectGrpc(socket, Registration);
  return Object.assign(client, { [Symbol.dispose]: close });
}

test('the kubelet is told what is there, and its answer is known', async () => {
  await using registration = await register();
  using it = kubelet();
  expect(await it.getInfo({})).toMatchObject({
    type: 'CSIPlugin',
    name: 'csi.moorage.dev',
    endpoint,
    supportedVersions: ['1.0.0'],
  });
  expect(registration.problem).toMatch(/not registered it yet/);
  await it.notifyRegistrationStatus({ pluginRegistered: false, error: 'no such node' });
  expect(registration.problem).toMatch(/no such node/);
  await it.notifyRegistrationStatus({ pluginRegistered: true });
  expect(registration.problem).toBeUndefined();
});

test('a socket that vanishes is made anew, and answers', async () => {
  await using registration = await register();
  using before = kubelet();
  await before.notifyRegistrationStatus({ pluginRegistered: true });
  for (let round = 0; round < 3; round += 1) {
    await rm(socket);
    const isThere = () =>
      stat(socket).then(
        (it) => it.isSocket(),
        () => false,
      );
    await expect.poll(isThere, { interval: 20 }).toBe(true);
    using again = kubelet();
    expect((await again.getInfo({})).name).toBe('csi.moorage.dev');
  }
  expect(registration.problem).toMatch(/has not registered it again/);
});

test('what a killed process left is replaced, and an orderly end leaves nothing', async () => {
  const killed = `require('net').createServer().listen('${socket}', () => process.kill(process.pid, 'SIGKILL'))`;
  await exec([process.execPath, '-e', killed]).catch(() => {});
  expect((await stat(socket)).isSocket()).toBe(true);
  const registration = await register();
  using it = kubelet();
  expect((await it.getInfo({})).name).toBe('csi.moorage.dev');
  await registration[Symbol.asyncDispose]();
  await expect(stat(socket)).rejects.toThrow('ENOENT');
});
