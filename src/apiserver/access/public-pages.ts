import { TLSSocket } from 'node:tls';
import type { ApiRequest } from '../wire/exchange.ts';
import { type Authenticator, anonymousName, type User, unauthenticatedGroup } from './authentication.ts';

const anonymous: User = { name: anonymousName, groups: [unauthenticatedGroup] };
/** What the role `system:public-info-viewer` allows everybody. */
const pages = /^\/(?:(?:ready|live|health)z|version\/?)$/;

const healthPages = /^\/(?:ready|live|health)z$/;

/** True for the pages by which probes find out whether the server lives: they are answered whatever else is asked. */
export function isHealthPage(path: string): boolean {
  return healthPages.test(path);
}

/**
 * Takes who shows no credential at all for nobody in particular, on the public pages only. A credential that is not
 * good is refused there too, so that its owner finds out.
 */
export function nobody(): Authenticator {
  return (request) => (isPublic(request) && !showsCredential(request) ? anonymous : undefined);
}

function isPublic({ method, url = '' }: ApiRequest): boolean {
  return method === 'GET' && pages.test(url.split('?', 1)[0] ?? '');
}

function showsCredential({ headers, socket }: ApiRequest): boolean {
  if (headers.authorization !== undefined) return true;
  return socket instanceof TLSSocket && Object.keys(socket.getPeerCertificate() ?? {}).length > 0;
}
