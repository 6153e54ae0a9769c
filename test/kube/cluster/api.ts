import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import type { Layout } from './layout.ts';

/** What the API server answered. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Asks an API server as the administrator, within five seconds. Throws if nobody answers. */
export async function ask(layout: Layout, server: string, path: string): Promise<Answer> {
  const [ca, cert, key] = await Promise.all(
    ['ca.crt', 'user-admin.crt', 'user-admin.key'].map((name) => readFile(layout.pki(name))),
  );
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const options = { ca, cert, key, agent: false, signal: AbortSignal.timeout(5_000) };
  request(`${server}${path}`, options, (response) => {
    text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
  })
    .on('error', reject)
    .end();
  return promise;
}
