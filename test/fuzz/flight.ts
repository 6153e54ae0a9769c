/** Which requests are on their way, or were lately, and for how long: among them is the one that kept others waiting. */
export class Flight {
  readonly #begun = new Map<object, { readonly what: string; readonly at: number }>();
  #done: { readonly what: string; readonly at: number; readonly ms: number }[] = [];

  /** It is on its way until it is disposed of. */
  begin(what: string): Disposable {
    const at = performance.now();
    const flying = {
      [Symbol.dispose]: () => {
        this.#begun.delete(flying);
        this.#done = [...this.#done.slice(-50), { what, at, ms: performance.now() - at }];
      },
    };
    this.#begun.set(flying, { what, at });
    return flying;
  }

  /** The five that took the longest, as text. */
  get slowest(): string {
    const now = performance.now();
    const flying = [...this.#begun.values()].map((it) => ({ ...it, ms: now - it.at }));
    return [...this.#done.filter(({ at, ms }) => at + ms > now - 5_000), ...flying]
      .sort((one, other) => other.ms - one.ms)
      .slice(0, 5)
      .map(({ what, ms }) => `  ${Math.round(ms)} ms ${what}`)
      .join('\n');
  }
}
