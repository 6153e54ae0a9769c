/** The flags of `moorage controller` and `moorage agent`, as they were typed. */
export interface ClusterFlags {
  readonly kubeconfig?: string;
  readonly csiAddress?: string;
  readonly metricsAddress?: string;
  readonly logLevel?: string;
  readonly sidecars?: string;
  /** Of the controller. */
  readonly namespace?: string;
  readonly directBinding?: string;
  /** Of the agent. */
  readonly node?: string;
  readonly data?: string;
  readonly kubeletDir?: string;
  readonly defaultPool?: string;
  readonly poolPath?: string;
  readonly backend?: string;
}
