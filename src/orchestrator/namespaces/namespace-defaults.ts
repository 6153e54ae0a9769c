import type { Api } from '../../api/api.ts';
import { Controller } from '../../api/controller.ts';
import { isCode } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import { configMaps, namespaces, serviceAccounts } from '../../model/kinds/core.ts';
import { isDeleting, type KubeObject } from '../../model/object.ts';

const accountName = 'default';
const authorityName = 'kube-root-ca.crt';

export interface NamespaceDefaultsOptions {
  readonly api: Api;
  /** The certificate of the authority that the API's own is from, as PEM. */
  readonly authority: string;
  readonly log: Log;
}

/**
 * Keeps in every namespace what clients expect in each: the ServiceAccount `default`, and the ConfigMap
 * `kube-root-ca.crt` with the authority by which the API is known. What is deleted or changed is written again.
 */
export function createNamespaceDefaults({ api, authority, log }: NamespaceDefaultsOptions): Controller {
  const spaces = api.informer(namespaces);
  const accounts = api.informer(serviceAccounts);
  const maps = api.informer(configMaps);
  const ofDefault = (name: string) => (object: KubeObject) =>
    object.metadata.name === name && object.metadata.namespace ? [object.metadata.namespace] : [];
  return new Controller({
    name: 'namespace-defaults',
    log,
    reconcile: async (namespace) => {
      const space = spaces.get({ name: namespace });
      if (!space || isDeleting(space)) return;
      await Promise.all([ensureAccount(namespace), ensureAuthority(namespace)]).catch((error: unknown) => {
        // On its way out meanwhile, or somebody else was first; then there is a change that leads here again.
        if (!isCode(error, 'permission', 'not-found', 'already-exists')) throw error;
      });
    },
  })
    .watch(spaces, ({ metadata }) => [metadata.name])
    .watch(accounts, ofDefault(accountName))
    .watch(maps, ofDefault(authorityName));

  async function ensureAccount(namespace: string): Promise<void> {
    if (accounts.get({ namespace, name: accountName })) return;
    const metadata = { name: accountName, namespace };
    await api.create(serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata });
  }

  async function ensureAuthority(namespace: string): Promise<void> {
    const found = maps.get({ namespace, name: authorityName });
    const data = { 'ca.crt': authority };
    if (!found) {
      const annotations = { 'kubernetes.io/description': 'The authority by which clients know the API.' };
      const metadata = { name: authorityName, namespace, annotations };
      await api.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data });
    } else if (found.data?.['ca.crt'] !== authority) {
      await api.update(configMaps, { ...found, data });
    }
  }
}
