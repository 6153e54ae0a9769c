import { fail } from '../../../lib/errors.ts';
import { namespaces } from '../../../model/kinds/core.ts';
import { isDeleting } from '../../../model/object.ts';
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
    const namespace = state.get(namespaces, { name }) ?? fail('not-found', `namespaces "${name}" not found`);
    if (!isDeleting(namespace)) return;
    throw forbidden(
      kind,
      metadata.name,
      `unable to create new content in namespace ${name} because it is being terminated`,
    );
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
