import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the driver knows of one volume or snapshot. Its id is random, so only the driver can tell it from a name. */
export interface Kept {
  readonly id: string;
  readonly name: string;
  size: number;
  /** For a volume: nodes that it is published to. For a snapshot: none. */
  nodes: string[];
  /** What it was copied from. */
  readonly from: string | undefined;
  readonly createdAt: number;
  /** How often a snapshot was asked for. */
  asked: number;
}

/** Volumes and snapshots as directories below a root, with a JSON file for each; all calls are synchronous. */
export class DirectoryStore {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
    for (const kind of ['volumes', 'snapshots', 'data']) mkdirSync(join(root, kind), { recursive: true });
  }

  data(id: string): string {
    return join(this.#root, 'data', id);
  }

  all(kind: 'volumes' | 'snapshots'): Kept[] {
    const directory = join(this.#root, kind);
    return readdirSync(directory).map((file) => JSON.parse(readFileSync(join(directory, file), 'utf8')) as Kept);
  }

  byId(kind: 'volumes' | 'snapshots', id: string): Kept | undefined {
    return this.all(kind).find((kept) => kept.id === id);
  }

  byName(kind: 'volumes' | 'snapshots', name: string): Kept | undefined {
    return this.all(kind).find((kept) => kept.name === name);
  }

  /** Makes the thing, with a copy of another one's data if one is named. */
  make(kind: 'volumes' | 'snapshots', name: string, size: number, from?: string): Kept {
    const kept: Kept = { id: crypto.randomUUID(), name, size, nodes: [], from, createdAt: Date.now(), asked: 0 };
    if (from) cpSync(this.data(from), this.data(kept.id), { recursive: true });
    else mkdirSync(this.data(kept.id));
    this.save(kind, kept);
    return kept;
  }

  save(kind: 'volumes' | 'snapshots', kept: Kept): void {
    writeFileSync(join(this.#root, kind, `${kept.id}.json`), JSON.stringify(kept));
  }

  remove(kind: 'volumes' | 'snapshots', id: string): void {
    rmSync(join(this.#root, kind, `${id}.json`), { force: true });
    rmSync(this.data(id), { recursive: true, force: true });
  }
}
