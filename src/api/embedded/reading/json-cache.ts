import type { KubeObject } from '../../../model/object.ts';

/** Characters and texts of one generation, and characters of a text that is kept for as long as its object. */
const usual = { characters: 16 * 1024 * 1024, texts: 1_000, short: 4 * 1024 };

/**
 * JSON of what was just written, and of some of what was just read: those who watch want it next. There are two
 * generations of it, the newer one from the last group of writes on; each is bounded. What is short and was read once
 * is kept with its object, which takes several times as much itself: whole lists are read again and again.
 */
export class JsonCache {
  readonly #limits: typeof usual;
  #texts = new Map<KubeObject, string>();
  #older = new Map<KubeObject, string>();
  readonly #short = new WeakMap<KubeObject, string>();
  #characters = 0;

  constructor(limits = usual) {
    this.#limits = limits;
  }

  /** The object as JSON. */
  textOf(object: KubeObject): string {
    const known = this.#texts.get(object) ?? this.#older.get(object) ?? this.#short.get(object);
    if (known !== undefined) return known;
    const text = JSON.stringify(object);
    if (text.length <= this.#limits.short) this.#short.set(object, text);
    else if (!this.#isFull) this.#keep(object, text);
    return text;
  }

  /** Keeps the text of what is being written: it is wanted more than what was kept before. */
  written(object: KubeObject, text: string): void {
    if (this.#characters >= this.#limits.characters) this.age();
    this.#keep(object, text);
  }

  /** A new group of writes begins: what is older than the one before it is forgotten. */
  age(): void {
    this.#older = this.#texts;
    this.#texts = new Map();
    this.#characters = 0;
  }

  get #isFull(): boolean {
    return this.#texts.size >= this.#limits.texts || this.#characters >= this.#limits.characters;
  }

  #keep(object: KubeObject, text: string): void {
    this.#texts.set(object, text);
    this.#characters += text.length;
  }
}
