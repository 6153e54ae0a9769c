import { readFile, stat, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { mayWrite, nearest } from '../../lib/directories.ts';
import { bad, type Check, good, limited } from '../../lib/finding.ts';
import { unescapeOctal } from '../../node/mountinfo.ts';
import { runningProcess } from '../flags/data-directory.ts';
import { humanBytes } from '../output/human.ts';

const gibibyte = 1n << 30n;
const defaultPort = 6550;

export const dataDirectory: Check = async (directory) => {
  const found = await stat(directory).catch(() => undefined);
  if (!found) {
    const parent = await nearest(directory);
    const isWritable = await mayWrite(parent);
    return isWritable
      ? good('data directory', `${directory}, still to be made`)
      : bad(
          'data directory',
          `${directory} can't be made: ${parent} is not writable`,
          'choose another one with --data',
        );
  }
  const pid = await runningProcess(directory);
  if ((found.mode & 0o077) !== 0) {
    return bad('data directory', `${directory} can be read by other users`, `chmod go= ${directory}`);
  }
  return good('data directory', `${directory}${pid ? `, in use by process ${pid}` : ''}`);
};

export const space: Check = async (directory) => {
  const { bavail, blocks, bsize } = await statfs(await nearest(directory), { bigint: true });
  const message = `${humanBytes(bavail * bsize)} of ${humanBytes(blocks * bsize)} are free`;
  if (bavail * bsize < gibibyte)
    return bad('space', message, 'free some, or give the pool another place with --pool-path');
  return bavail * 10n < blocks ? limited('space', `${message}, less than a tenth`) : good('space', message);
};

export const propagation: Check = async (directory) => {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').map((line) => line.split(' '));
  const place = await nearest(directory);
  const mount = lines
    .filter(([, , , , target = '']) => target === '/' || `${place}/`.startsWith(`${unescapeOctal(target)}/`))
    .sort(([, , , , a = ''], [, , , , b = '']) => a.length - b.length)
    .at(-1);
  const isShared = mount?.some((field) => field.startsWith('shared:')) ?? false;
  return isShared
    ? good('mount propagation', `shared below ${mount?.[4]}: containers can see mounts that come later`)
    : limited(
        'mount propagation',
        `private below ${mount?.[4] ?? '/'}: containers see only mounts that were there before them`,
        `mount --make-rshared ${mount?.[4] ?? '/'}`,
      );
};

export const port: Check = async (directory) => {
  const pid = await runningProcess(directory);
  if (pid) return good('port', `process ${pid} serves already`);
  const wanted = Number(process.env['MOORAGE_PORT'] ?? defaultPort);
  const server = createServer();
  const failure = await new Promise<Error | undefined>((resolve) => {
    server.once('error', resolve);
    server.listen(wanted, '127.0.0.1', () => server.close(() => resolve(undefined)));
  });
  return failure
    ? limited('port', `${wanted} can't be had: ${failure.message}`, 'moorage up --port 0 takes a free one')
    : good('port', `${wanted} is free`);
};

export const limits: Check = async () => {
  const instances = Number(await readFile('/proc/sys/fs/inotify/max_user_instances', 'utf8').catch(() => '0'));
  const files = Number(/^Max open files\s+\d+\s+(\d+)/m.exec(await readFile('/proc/self/limits', 'utf8'))?.[1] ?? 0);
  return [
    instances >= 128
      ? good('inotify', `${instances} instances for each user`)
      : limited('inotify', `only ${instances} instances for each user`, 'sysctl fs.inotify.max_user_instances=512'),
    files >= 4096
      ? good('open files', `up to ${files}`)
      : limited('open files', `only up to ${files}`, 'raise the limit: ulimit -n 65536'),
  ];
};
