/** As whom a request comes, beside what the connection itself says. */
export interface Credentials {
  /** The value of the Authorization header. */
  readonly authorization?: string | undefined;
  /** A client certificate with its key, as PEM; one of the connection itself goes before it. */
  readonly certificate?: { readonly certificate: string; readonly key: string } | undefined;
}

/** How to reach an API server, and as whom. */
export interface Connection {
  /** `https://host:port`, with a path where the server is behind one; without a slash at the end. */
  readonly server: string;
  readonly namespace: string;
  readonly authority: string | undefined;
  /** Set only if the kubeconfig says insecure-skip-tls-verify. */
  readonly insecure: boolean;
  readonly serverName: string | undefined;
  readonly certificate: string | undefined;
  readonly key: string | undefined;
  /**
   * Asked for each request, since tokens and certificates are renewed; `rejected` is what the server did not take. What
   * comes is the same object until something is new.
   */
  readonly credentials: (rejected?: Credentials) => Credentials | Promise<Credentials>;
  /** What to tell a person when nobody answers there. */
  readonly whenAway: string;
}
