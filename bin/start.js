// Plain JavaScript, so that a checkout's entry point, too, comes from the cache of compiled code, and Node.js need not
// load what strips types once all is there.
import { existsSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

// This must be done before anything large is imported.
enableCompileCache(join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'moorage'));
const sources = new URL('../src/main.ts', import.meta.url);
await import(existsSync(sources) ? sources : new URL('../dist/main.js', import.meta.url));
