/** The Kubernetes version whose behaviour is served, marked as ours. */
export const servedVersion = 'v1.34.0+moorage';
