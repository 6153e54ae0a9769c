/** What the path of a request for objects names, as `/apis/GROUP/VERSION/namespaces/NAMESPACE/RESOURCE/NAME/SUBRESOURCE`. */
export interface ResourcePath {
  readonly group: string;
  readonly version: string;
  readonly namespace?: string;
  /** The plural. */
  readonly resource: string;
  readonly name?: string;
  readonly subresource?: string;
}

const namespaceSubresources = ['status', 'finalize'];

/** Reads a path as that of objects; undefined for every other path. Percent escapes are followed. */
export function parseResourcePath(path: string): ResourcePath | undefined {
  const parts = segments(path);
  if (!parts) return undefined;
  const [root, ...rest] = parts;
  if (root === 'api') return below({ group: '', version: rest[0] ?? '' }, rest.slice(1));
  if (root === 'apis' && rest.length > 2) return below({ group: rest[0] ?? '', version: rest[1] ?? '' }, rest.slice(2));
  return undefined;
}

function below(groupVersion: { group: string; version: string }, parts: readonly string[]): ResourcePath | undefined {
  const [first, second, third] = parts;
  // /namespaces/NAME/status is about the namespace, /namespaces/NAME/secrets is about what is in it.
  if (first === 'namespaces' && second && third && !(parts.length === 3 && namespaceSubresources.includes(third))) {
    return resource({ ...groupVersion, namespace: second }, parts.slice(2));
  }
  return resource(groupVersion, parts);
}

function resource(
  at: { group: string; version: string; namespace?: string },
  [plural, name, subresource, ...more]: readonly string[],
): ResourcePath | undefined {
  if (!plural || more.length > 0) return undefined;
  return { ...at, resource: plural, ...(name ? { name } : {}), ...(subresource ? { subresource } : {}) };
}

/** The parts between the slashes; undefined if one can't be decoded or is empty. A slash at the end is allowed. */
function segments(path: string): string[] | undefined {
  try {
    const parts = path
      .replace(/^\/|\/$/g, '')
      .split('/')
      .map(decodeURIComponent);
    return parts.includes('') ? undefined : parts;
  } catch {
    return undefined;
  }
}
