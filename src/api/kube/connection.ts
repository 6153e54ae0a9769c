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
   * The value of the Authorization header. Asked for each request, since tokens are renewed; `rejected` says that the
   * server did not take the last one.
   */
  readonly authorization: (rejected?: boolean) => string | undefined | Promise<string | undefined>;
  /** What to tell a person when nobody answers there. */
  readonly whenAway: string;
}
