// Lets `npx moorage` work in a checkout: links node_modules/.bin/moorage to bin/moorage.
// Plain JavaScript that any Node.js runs, since npm may call it with the machine's own.
import { existsSync, rmSync, symlinkSync } from 'node:fs';

const bin = new URL('../node_modules/.bin/', import.meta.url);
if (existsSync(bin)) {
  const link = new URL('moorage', bin);
  rmSync(link, { force: true });
  symlinkSync('../../bin/moorage', link);
}
