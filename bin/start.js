// Plain JavaScript, so that a checkout's entry point, too, comes from the cache of compiled code, and Node.js need not
// load what strips types once all is there.
import { existsSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

const sources = new URL('../src/main.ts', import.meta.url);
const isCheckout = existsSync(sources);
// This must be done before anything large is imported. A pod starts once and stays: what the cache takes of its memory,
// 4 MiB, is worth more there than a quick start.
if (isCheckout || !['controller', 'agent'].includes(process.argv[2])) {
  enableCompileCache(join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'moorage'));
}
await import(isCheckout ? sources : new URL('../dist/main.js', import.meta.url));
