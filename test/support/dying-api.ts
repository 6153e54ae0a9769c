import type { Api } from '../../src/api/api.ts';

/** At which write a program dies: before it is done, or after it and before the answer. */
export interface Death {
  readonly nth: number;
  readonly when: 'before' | 'after';
}

/** Both moments of each of the first writes. */
export function deaths(count: number): readonly Death[] {
  const moments = (nth: number): Death[] => [
    { nth, when: 'before' },
    { nth, when: 'after' },
  ];
  return Array.from({ length: count }, (_, index) => moments(index + 1)).flat();
}

const writes = new Set<string | symbol>(['create', 'update', 'updateStatus', 'patch', 'delete']);

/** The API as a program sees it that dies at its nth write: from then on, nothing that it writes gets there. */
export function dying(api: Api, { nth, when }: Death, onDeath: () => void = () => {}): Api {
  let count = 0;
  const die = (): never => {
    onDeath();
    throw new Error('dead');
  };
  return new Proxy(api, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      if (!writes.has(name)) return value.bind(target);
      return async (...args: unknown[]) => {
        count += 1;
        if (count > nth || (count === nth && when === 'before')) return die();
        const answer: unknown = await value.apply(target, args);
        return count >= nth ? die() : answer;
      };
    },
  });
}
