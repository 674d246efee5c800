import type { IncomingMessage } from 'node:http';

const PREFIX = '/t/';

/**
 * Takes the token out of `/t/{token}/…` and puts it where keys are looked for: for trainers that can set nothing
 * but a URL. From here on the request is one to the path behind it, so that nothing that logs, traces or answers
 * can ever see the token. It wins over an `authorization` header: SDKs send one even when they were given no key.
 */
export function takePathToken(request: IncomingMessage): void {
  const { url = '' } = request;
  if (!url.startsWith(PREFIX)) return;
  const end = url.slice(PREFIX.length).search(/[/?]/);
  const token = end === -1 ? url.slice(PREFIX.length) : url.slice(PREFIX.length, PREFIX.length + end);
  const rest = url.slice(PREFIX.length + token.length);
  request.url = rest.startsWith('/') ? rest : `/${rest}`;
  request.headers.authorization = `Bearer ${token}`;
}
