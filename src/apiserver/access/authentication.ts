import { TLSSocket } from 'node:tls';
import { type ApiRequest, sessionOf } from '../wire/exchange.ts';

/** Who asks. */
export interface User {
  readonly name: string;
  readonly groups: readonly string[];
  readonly uid?: string;
  /** What else is known of it, by name. */
  readonly extra?: Readonly<Record<string, readonly string[]>>;
  /** When the credential ends, in milliseconds since 1970; undefined for never. */
  readonly until?: number;
}

/** Tells who sends a request, or undefined for: not by what I know, ask the next. */
export type Authenticator = (request: ApiRequest) => User | undefined;

/** The first of several authenticators that knows the sender. */
export function firstOf(authenticators: readonly Authenticator[]): Authenticator {
  return (request) => {
    for (const authenticate of authenticators) {
      const user = authenticate(request);
      if (user) return user;
    }
    return undefined;
  };
}

/** The groups of all who have shown who they are, and of all others. */
export const authenticatedGroup = 'system:authenticated';
export const unauthenticatedGroup = 'system:unauthenticated';
/** The user who has shown nothing. */
export const anonymousName = 'system:anonymous';

/**
 * Knows those whose client certificate our authority signed: the common name is the user's, organizations are groups.
 * A certificate that ends while its connection is open is none from then on.
 * https://kubernetes.io/docs/reference/access-authn-authz/authentication/#x509-client-certificates
 */
export function clientCertificates(): Authenticator {
  // Reading a certificate costs more than a small request: once for each connection is enough.
  const known = new WeakMap<object, User>();
  return (request) => {
    const { socket } = request;
    if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
    const connection = sessionOf(request) ?? socket;
    const found = known.get(connection);
    if (found) return current(found);
    const { subject, valid_to: end } = socket.getPeerCertificate();
    const [name] = listOf(subject?.CN);
    if (!name) return undefined;
    const user: User = { name, groups: [...listOf(subject.O), authenticatedGroup], until: Date.parse(end) };
    known.set(connection, user);
    return current(user);
  };
}

function current(user: User): User | undefined {
  return user.until !== undefined && Date.now() > user.until ? undefined : user;
}

/** Node gives a text for one attribute of a name, a list for several of a kind, and undefined for none. */
function listOf(attribute: unknown): string[] {
  if (attribute === undefined) return [];
  return (Array.isArray(attribute) ? attribute : [attribute]).map(String);
}
