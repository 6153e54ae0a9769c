import { createHash } from 'node:crypto';
import type { Kind } from '../../../model/kind.ts';
import type { ApiRequest } from '../../wire/exchange.ts';
import { parseAccept } from '../../wire/reply/negotiation.ts';
import type { Reply } from '../../wire/reply/reply.ts';
import type { VirtualResource } from '../discovery.ts';
import { v2Document } from './v2.ts';
import { v2Binary, v2BinaryTypes } from './v2-binary.ts';
import { v3Documents } from './v3.ts';

/** A page that stays the same while the same kinds are served. */
interface Page {
  readonly body: string | Uint8Array;
  readonly type: string;
  readonly hash: string;
}

/** Every page is made when it is first asked for, and kept until other kinds are served. */
class Pages {
  readonly kinds: readonly Kind[];
  readonly #virtual: readonly VirtualResource[];
  readonly #made = new Map<string, Page | undefined>();

  constructor(kinds: readonly Kind[], virtual: readonly VirtualResource[]) {
    this.kinds = [...kinds];
    this.#virtual = virtual;
  }

  page(name: string): Page | undefined {
    if (this.#made.size === 0) this.#make();
    if (name === 'v2 binary' && !this.#made.has(name)) {
      const body = v2Binary(v2Document([...v3Documents(this.kinds, this.#virtual).values()]));
      this.#made.set(name, page(body, v2BinaryTypes[1]));
    }
    return this.#made.get(name);
  }

  #make(): void {
    const documents = v3Documents(this.kinds, this.#virtual);
    this.#made.set('v2', page(JSON.stringify(v2Document([...documents.values()]))));
    const index: Record<string, object> = {};
    for (const [path, document] of documents) {
      const made = page(JSON.stringify(document));
      this.#made.set(`v3/${path}`, made);
      index[path] = { serverRelativeURL: `/openapi/v3/${path}?hash=${made.hash}` };
    }
    this.#made.set('v3', page(JSON.stringify({ paths: index })));
  }
}

function page(body: string | Uint8Array, type = 'application/json'): Page {
  return { body, type, hash: createHash('sha256').update(body).digest('hex').slice(0, 32) };
}

let pages: Pages | undefined;

/**
 * What is below /openapi: `v2` in JSON or in its binary form, `v3` as the list of its documents, `v3/api/v1` and the
 * like. Undefined for what is not served. A client that has the page already is told so (304).
 */
export function openApiPage(
  name: string,
  { headers }: Pick<ApiRequest, 'headers'>,
  kinds: readonly Kind[],
  virtual: readonly VirtualResource[],
): Reply | undefined {
  const isCurrent = pages?.kinds.length === kinds.length && kinds.every((kind, at) => pages?.kinds[at] === kind);
  if (!pages || !isCurrent) pages = new Pages(kinds, virtual);
  const found = pages.page(name === 'v2' && wantsBinary(headers.accept) ? 'v2 binary' : name);
  if (!found) return undefined;
  const etag = `"${found.hash}"`;
  const known = headers['if-none-match']?.split(',').some((tag) => tag.trim() === etag);
  const common = { type: found.type, headers: { ETag: etag, Vary: 'Accept' } };
  return known ? { ...common, code: 304, body: '' } : { ...common, code: 200, body: found.body };
}

/** The first form that it names which is served. */
function wantsBinary(accept: string | undefined): boolean {
  for (const { type } of parseAccept(accept)) {
    if (v2BinaryTypes.includes(type)) return true;
    if (type === 'application/json' || type === '*/*') return false;
  }
  return false;
}
