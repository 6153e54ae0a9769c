import { namespaces } from '../../../model/kinds/core.ts';
import { isDeleting } from '../../../model/object.ts';
import { refuse } from '../../status.ts';
import { type Admission, admissionFor, forbidden } from './admission.ts';

/** The finalizer that a namespace has in its spec until its content is gone. */
export const kubernetesFinalizer = 'kubernetes';

/** The namespaces that are always there. */
export const builtInNamespaces: readonly string[] = ['default', 'kube-system'];

/** NamespaceLifecycle: nothing is made in a namespace that is not there or on its way out. */
export const namespaceLifecycle: Admission = {
  check: ({ operation, kind, object: { metadata }, state }) => {
    if (operation !== 'create' || !kind.namespaced) return;
    const name = metadata.namespace ?? '';
    const namespace =
      state.get(namespaces, { name }) ??
      refuse(404, 'NotFound', `namespaces "${name}" not found`, { name, kind: namespaces.plural });
    if (!isDeleting(namespace)) return;
    const why = `unable to create new content in namespace ${name} because it is being terminated`;
    const { message } = forbidden(kind, metadata.name, why);
    const cause = { reason: 'NamespaceTerminating', message: `namespace ${name} is being terminated` };
    const { group, plural } = kind;
    const about = { name: metadata.name, ...(group && { group }), kind: plural };
    refuse(403, 'Forbidden', message, { ...about, causes: [{ ...cause, field: 'metadata.namespace' }] });
  },
};

/** A namespace gets its finalizer at creation; from outside, it keeps what it has. */
export const namespaceFinalizer = admissionFor(namespaces, {
  admit: ({ operation, object: namespace, old, outside }) => {
    if (operation === 'create') {
      const finalizers = namespace.spec?.finalizers ?? [];
      if (!finalizers.includes(kubernetesFinalizer)) finalizers.push(kubernetesFinalizer);
      namespace.spec = { ...namespace.spec, finalizers };
      namespace.status = { phase: 'Active' };
    } else if (operation === 'update' && outside) {
      namespace.spec = { ...namespace.spec, finalizers: [...(old?.spec?.finalizers ?? [])] };
    }
  },
});

/** The built-in namespaces can't be deleted. */
export const protectedNamespaces = admissionFor(namespaces, {
  check: ({ operation, kind, object: { metadata } }) => {
    if (operation === 'delete' && builtInNamespaces.includes(metadata.name)) {
      throw forbidden(kind, metadata.name, 'this namespace may not be deleted');
    }
  },
});
