import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { processTerminal } from '../output/terminal.ts';
import { createProgram } from '../program.ts';
import { bashScript } from './bash.ts';
import { fishScript } from './fish.ts';
import { treeOf } from './tree.ts';
import { zshScript } from './zsh.ts';

const tree = treeOf(
  createProgram({
    terminal: processTerminal(),
    roles: { up: async () => 0, controller: async () => 0, agent: async () => 0 },
    setExitCode: () => {},
  }),
);
const directory = mkdtempSync(join(tmpdir(), 'moorage-completion-'));
// What the API would answer; the scripts find it as `moorage` on PATH.
writeFileSync(join(directory, 'moorage'), '#!/bin/sh\n[ "$2" = claims ] && printf "data\\ndocs\\nweb\\n"\nexit 0\n', {
  mode: 0o755,
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function inShell(shell: string, args: readonly string[], script: string) {
  const env = { ...process.env, HOME: directory, PATH: `${directory}:${process.env['PATH']}` };
  const file = join(directory, 'script');
  writeFileSync(file, script);
  const { stdout, stderr, status } = spawnSync(shell, [...args, file], { encoding: 'utf8', env, timeout: 20_000 });
  return { stdout, stderr, status };
}

const has = (shell: string) => spawnSync(shell, ['-c', 'true']).status === 0;

describe('the tree', () => {
  it('has every verb that --help shows, and no hidden one', () => {
    const names = tree.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['up', 'explain', 'run', 'completion', 'help']));
    expect(names).not.toContain('__complete');
  });

  it('knows what arguments and flags take', () => {
    const mount = tree.find(({ name }) => name === 'mount');
    expect(mount?.args).toEqual(['claims', 'directory']);
    expect(mount?.flags.find(({ long }) => long === '--output')?.value).toBe('words:json yaml name');
    expect(mount?.flags.find(({ long }) => long === '--read-only')?.value).toBeUndefined();
  });
});

describe.skipIf(!has('bash'))('bash', () => {
  const complete = (...words: string[]) => {
    const list = words.map((word) => `'${word}'`).join(' ');
    const ask = `COMP_WORDS=(${list}); COMP_CWORD=${words.length - 1}; _moorage; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = inShell('bash', ['--norc'], `${bashScript(tree)}\n${ask}`);
    expect(stderr).toBe('');
    return stdout.trim().split('\n');
  };

  it.each([
    [['moorage', 'gr'], ['grow']],
    [
      ['moorage', 'mount', 'd'],
      ['data', 'docs'],
    ],
    [['moorage', 'mount', '--read-only', 'w'], ['web']],
    [['moorage', 'clone', '-n', 'shop', 'w'], ['web']],
    [['moorage', 'mount', 'data', '/et'], ['/etc']],
    [['moorage', 'up', '--backend', 'd'], ['directory']],
    [['moorage', 'up', '--back'], ['--backend']],
    [
      ['moorage', 'snapshot', 'data', '-o', ''],
      ['json', 'yaml', 'name'],
    ],
    [['moorage', 'completion', 'z'], ['zsh']],
    [['moorage', 'help', 'inv'], ['inventory']],
    [['moorage', 'version', 'x'], ['']],
  ])('%j gives %j', (words, expected) => {
    expect(complete(...words)).toEqual(expected);
  });
});

describe.skipIf(!has('zsh'))('zsh', () => {
  it('can be sourced, and defines the completion', () => {
    const ask = '[[ $_comps[moorage] == _moorage ]] && print defined';
    const { stdout, stderr } = inShell('zsh', ['-f'], `autoload -Uz compinit; compinit -u\n${zshScript(tree)}\n${ask}`);
    expect(stderr).toBe('');
    expect(stdout).toContain('defined');
  });

  // compadd and _describe work only while zsh completes: here they print what they would offer.
  const complete = (...words: string[]) => {
    const print = '{ local name=$argv[-1]; print -l -- "$' + '{(P@)name}" }';
    const stubs = `compadd() ${print}; _describe() ${print}`;
    const set = `words=(${words.map((word) => `'${word}'`).join(' ')}); CURRENT=${words.length}; PREFIX=$words[-1]`;
    const script = `autoload -Uz compinit; compinit -u\n${zshScript(tree)}\n${stubs}\n${set}\n_moorage`;
    const { stdout, stderr } = inShell('zsh', ['-f'], script);
    expect(stderr).toBe('');
    return stdout.trim().split('\n');
  };

  it.each([
    [['moorage', 'gr'], 'grow:grow a claim, also while it is mounted'],
    [['moorage', 'mount', 'd'], 'data'],
    [['moorage', 'clone', '-n', 'shop', 'w'], 'web'],
    [['moorage', 'up', '--backend', 'd'], 'directory'],
    [['moorage', 'up', '--'], '--port:port of the API; 0 takes a free one'],
    [['moorage', 'completion', 'z'], 'zsh'],
  ])('%j offers %s', (words, expected) => {
    expect(complete(...words)).toContain(expected);
  });
});

describe.skipIf(!has('fish'))('fish', () => {
  const complete = (line: string) => {
    const { stdout, stderr } = inShell(
      'fish',
      ['--no-config'],
      `${fishScript(tree)}\ncomplete -C ${JSON.stringify(line)}`,
    );
    expect(stderr).toBe('');
    return stdout
      .trim()
      .split('\n')
      .map((entry) => entry.split('\t')[0]);
  };

  it.each([
    ['moorage gr', ['grow']],
    ['moorage mount d', ['data', 'docs']],
    ['moorage grow -n shop w', ['web']],
    ['moorage up --backend d', ['directory']],
    ['moorage completion z', ['zsh']],
  ])('%s gives %j', (line, expected) => {
    expect(complete(line)).toEqual(expected);
  });
});
