import type { Informer } from '../../api/api.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../model/kinds/core.ts';
import { keyOf, refTo } from '../../model/object.ts';
import type { Freshest } from '../objects/freshest.ts';

/** Milliseconds after which what the binder has not written by then is taken for something that it never will. */
const patience = 60_000;

/**
 * Knows whether the binder of Kubernetes has something to write about a volume. It takes volumes one after the other,
 * at twenty requests a second as a rule, and until it comes to a volume it has never heard of it: a claim that says
 * that it is bound to such a volume is called lost. So nothing is bound here while the binder is behind.
 */
export class BinderBacklog implements Disposable {
  readonly #claims: Informer<PersistentVolumeClaim>;
  readonly #volumes: Freshest<PersistentVolume>;
  readonly #retry: (key: string) => void;
  /** Volumes that it may have to write about, and since when. */
  readonly #suspects = new Map<string, number>();
  readonly #held = new Set<string>();
  readonly #open = new DisposableStack();
  #timer: NodeJS.Timeout | undefined;

  /** `retry` has another look at the claim of that key. `volumes` is a view of `volumeInformer`. */
  constructor(
    claims: Informer<PersistentVolumeClaim>,
    volumeInformer: Informer<PersistentVolume>,
    volumes: Freshest<PersistentVolume>,
    retry: (key: string) => void,
  ) {
    this.#claims = claims;
    this.#volumes = volumes;
    this.#retry = retry;
    const namedBy = volumeInformer.index('provisioner: names claim', ({ spec: { claimRef } }) =>
      claimRef?.uid ? [keyOf({ namespace: claimRef.namespace, name: claimRef.name ?? '' })] : [],
    );
    this.#open.use(
      volumeInformer.onChange(({ type, object }) => {
        if (type === 'deleted') this.#suspects.delete(object.metadata.name);
        else this.#suspect(object);
        this.#letGo();
      }),
    );
    this.#open.use(
      claims.onChange(({ object, old, type }) => {
        if (type === 'modified' && old?.spec.volumeName === object.spec.volumeName) return;
        for (const volume of namedBy(keyOf(refTo(object)))) this.#suspect(volume);
        this.#letGo();
      }),
    );
  }

  /** True if the claim of that key must wait; it is looked at again when the binder has nothing to write any more. */
  holds(key: string): boolean {
    if (this.#isIdle()) return false;
    this.#held.add(key);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#letGo();
    }, patience).unref();
    return true;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#open.dispose();
  }

  #suspect(volume: PersistentVolume): void {
    const { name } = volume.metadata;
    if (!this.#isDue(volume)) this.#suspects.delete(name);
    else if (!this.#suspects.has(name)) this.#suspects.set(name, performance.now());
  }

  #letGo(): void {
    if (this.#held.size === 0 || !this.#isIdle()) return;
    const keys = [...this.#held];
    this.#held.clear();
    for (const key of keys) this.#retry(key);
  }

  #isIdle(): boolean {
    const eldest = performance.now() - patience;
    for (const [name, since] of this.#suspects) {
      const volume = this.#volumes.get({ name });
      if (!volume || !this.#isDue(volume)) this.#suspects.delete(name);
      else if (since > eldest) return false;
    }
    return true;
  }

  /** Whether a look of the binder at the volume ends in a request, by the rules of its syncVolume. */
  #isDue({ metadata, spec: { claimRef }, status }: PersistentVolume): boolean {
    const phase = status?.phase ?? 'Pending';
    if (!claimRef?.uid) return phase !== 'Available';
    if (phase === 'Released' || phase === 'Failed') return false;
    const claim = this.#claims.get({ namespace: claimRef.namespace, name: claimRef.name ?? '' });
    if (claim?.metadata.uid !== claimRef.uid) return true;
    const { volumeName } = claim.spec;
    return volumeName !== undefined && (volumeName !== metadata.name || phase !== 'Bound');
  }
}
