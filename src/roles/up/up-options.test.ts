import { describe, expect, it } from 'vitest';
import { dataDirectory } from '../../cli/flags/data-directory.ts';
import { readUpOptions } from './up-options.ts';

describe('readUpOptions', () => {
  it('takes flags before variables, and variables before defaults', () => {
    const env = { MOORAGE_DATA: '/a', MOORAGE_PORT: '7000', MOORAGE_NODE: 'one', MOORAGE_POOL_PATH: '/pool' };
    expect(readUpOptions({}, env, 0)).toMatchObject({ data: '/a', port: 7000, node: 'one', poolPath: '/pool' });
    const flags = { data: '/b', port: '0', node: 'Two', poolPath: '/other' };
    expect(readUpOptions(flags, env, 0)).toMatchObject({ data: '/b', port: 0, node: 'two', poolPath: '/other' });
    const defaults = { data: '/var/lib/moorage', port: 6550, listen: '127.0.0.1', backend: 'auto', csi: [] };
    expect(readUpOptions({ node: 'n' }, {}, 0)).toMatchObject(defaults);
  });

  it.each([
    ['example.org=/run/csi.sock', { name: 'example.org', socket: '/run/csi.sock' }],
    ['example.org=unix:///run/csi.sock', { name: 'example.org', socket: '/run/csi.sock' }],
    ['/run/csi.sock', { name: undefined, socket: '/run/csi.sock' }],
  ])('reads --csi %s', (text, driver) => {
    expect(readUpOptions({ csi: [text], node: 'n' }, {}, 0).csi).toEqual([driver]);
    expect(readUpOptions({ node: 'n' }, { MOORAGE_CSI: `${text},${text}` }, 0).csi).toEqual([driver, driver]);
  });

  it.each([
    [{ port: '65536' }, /--port 65536/],
    [{ port: '-1' }, /--port -1/],
    [{ csi: ['name=relative.sock'] }, /--csi name=relative.sock/],
    [{ node: 'a_b' }, /--node a_b/],
    [{ backend: 'lvm' }, /--backend lvm/],
    [{ acceptStoreVersion: 'all' }, /--accept-store-version all/],
  ])('refuses %j', (flags, message) => {
    expect(() => readUpOptions(flags, {}, 0)).toThrow(message);
  });
});

it.each([
  [{ MOORAGE_PORT: 'http' }, /^MOORAGE_PORT=http: a port/],
  [{ MOORAGE_NODE: 'a_b' }, /^MOORAGE_NODE=a_b: the name/],
  [{ MOORAGE_CSI: 'x=y' }, /^MOORAGE_CSI=x=y: give/],
  [{ MOORAGE_BACKEND: 'lvm' }, /^MOORAGE_BACKEND=lvm: it is one of/],
])('what a variable says wrongly is told of the variable, not of a flag that nobody gave: %j', (env, message) => {
  expect(() => readUpOptions({}, { MOORAGE_NODE: 'n', ...env }, 0)).toThrow(message);
});

describe('dataDirectory', () => {
  it.each([
    ['/flag', { MOORAGE_DATA: '/variable' }, 0, '/flag'],
    [undefined, { MOORAGE_DATA: '/variable' }, 0, '/variable'],
    [undefined, {}, 0, '/var/lib/moorage'],
    [undefined, { HOME: '/home/ann' }, 1000, '/home/ann/.local/share/moorage'],
    [undefined, { HOME: '/home/ann', XDG_DATA_HOME: '/data' }, 1000, '/data/moorage'],
  ])('%s, %j, uid %i: %s', (flag, env, uid, directory) => {
    expect(dataDirectory(flag, env, uid)).toBe(directory);
  });
});
