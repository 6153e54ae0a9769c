import type { Api, Informer } from '../../api/api.ts';
import { foregroundFinalizer } from '../../api/embedded/writing/deletion.ts';
import { apiVersionOf, type Kind, resourceOf } from '../../model/kind.ts';
import { isDeleting, type KubeObject, keyOf, type OwnerReference, refOf, refTo } from '../../model/object.ts';
import type { OwnerState } from './plan.ts';

/** One object of any kind. */
export interface Located {
  readonly kind: Kind;
  readonly object: KubeObject;
}

interface View {
  readonly kind: Kind;
  readonly informer: Informer<KubeObject>;
  readonly ownedBy: (uid: string) => readonly KubeObject[];
}

/** Who owns whom, over all kinds; read from the informers, with an index on the owners' uids. */
export class OwnerGraph {
  readonly #views = new Map<string, View>();
  readonly #byType = new Map<string, View>();

  constructor(api: Api, kinds: readonly Kind[]) {
    for (const kind of kinds) {
      const informer = api.informer(kind);
      const ownedBy = informer.index('owner-uid', (object) =>
        (object.metadata.ownerReferences ?? []).map((owner) => owner.uid),
      );
      const view = { kind, informer, ownedBy };
      this.#views.set(resourceOf(kind), view);
      this.#byType.set(`${apiVersionOf(kind)} ${kind.kind}`, view);
    }
  }

  get views(): Iterable<{ readonly kind: Kind; readonly informer: Informer<KubeObject> }> {
    return this.#views.values();
  }

  /** Names an object among all kinds. */
  key(kind: Kind, object: KubeObject): string {
    return `${resourceOf(kind)}|${keyOf(refTo(object))}`;
  }

  find(key: string): Located | undefined {
    const bar = key.indexOf('|');
    const view = this.#views.get(key.slice(0, bar));
    const object = view?.informer.get(refOf(key.slice(bar + 1)));
    return view && object ? { kind: view.kind, object } : undefined;
  }

  dependents({ metadata: { uid } }: KubeObject): Located[] {
    if (uid === undefined) return [];
    return [...this.#views.values()].flatMap(({ kind, ownedBy }) => ownedBy(uid).map((object) => ({ kind, object })));
  }

  /** The owner that a reference of `object` names; undefined if it is not there or another one has its name. */
  owner(object: KubeObject, reference: OwnerReference): Located | undefined {
    const view = this.#byType.get(`${reference.apiVersion} ${reference.kind}`);
    if (!view) return undefined;
    const namespace = view.kind.namespaced ? object.metadata.namespace : undefined;
    const owner = view.informer.get({ namespace, name: reference.name });
    return owner?.metadata.uid === reference.uid && owner ? { kind: view.kind, object: owner } : undefined;
  }

  ownerState(object: KubeObject, reference: OwnerReference): OwnerState {
    const view = this.#byType.get(`${reference.apiVersion} ${reference.kind}`);
    // An owner in a namespace can't own what is in none: where to look is not known.
    if (!view || (view.kind.namespaced && !object.metadata.namespace)) return 'unknown';
    const owner = this.owner(object, reference)?.object;
    if (!owner) return 'gone';
    return isDeleting(owner) && owner.metadata.finalizers?.includes(foregroundFinalizer) ? 'waiting' : 'there';
  }
}
