import { channel } from 'node:diagnostics_channel';

/** One answered request to an API server, as it is told on the diagnostics channel `moorage.api.request`. */
export interface ApiRequest {
  /** As Kubernetes' own metrics name it: get, list, watch, create, update, patch, delete. */
  readonly verb: string;
  /** The resource, with its subresource: `persistentvolumeclaims/status`. */
  readonly resource: string;
  /** The HTTP status, or `<error>` if no answer came. */
  readonly code: string;
}

/** Where each request to an API server is told; costs nothing while nobody listens. */
export const requests = channel('moorage.api.request');
