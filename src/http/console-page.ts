import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GatewayError } from '../domain/errors.ts';
import type { Exchange } from './exchange.ts';

/** The page of the console, and what `npm run build:console` made for it, under a policy that runs nothing else. */
const FOLDER = join(import.meta.dirname, '../console');
const FILES: Readonly<Record<string, { readonly file: string; readonly type: string }>> = {
  '/console': { file: 'index.html', type: 'text/html; charset=utf-8' },
  '/console/console.js': { file: 'dist/console.js', type: 'text/javascript; charset=utf-8' },
  '/console/console.css': { file: 'dist/console.css', type: 'text/css; charset=utf-8' },
};
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  'img-src data:',
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** False when the path is none of the console's. Throws `method_not_allowed`. */
export async function sendConsole(exchange: Exchange): Promise<boolean> {
  const { request, response, requestId } = exchange;
  const path = (request.url ?? '').split('?', 1)[0] ?? '';
  const found = FILES[path];
  if (found === undefined) return false;
  exchange.route = path;
  if (request.method !== 'GET') throw new GatewayError('method_not_allowed', `${path} takes GET`);
  const body = await readFile(join(FOLDER, found.file));
  response.writeHead(200, {
    'content-type': found.type,
    'content-length': body.byteLength,
    'content-security-policy': POLICY,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-cache',
    'x-request-id': requestId,
  });
  response.end(body);
  return true;
}
