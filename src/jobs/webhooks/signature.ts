import { createHmac } from 'node:crypto';

export interface SignedHeaders {
  readonly 'webhook-id': string;
  readonly 'webhook-timestamp': string;
  readonly 'webhook-signature': string;
}

/**
 * The headers of the Standard Webhooks specification, symmetric signatures (v1): HMAC-SHA256 over
 * `id.timestamp.body` with the secret's bytes. `at` is in milliseconds since 1970; the id stays the same at
 * every try, the time does not.
 */
export function signedHeaders(id: string, payload: string, secret: string, at: number): SignedHeaders {
  const timestamp = String(Math.floor(at / 1000));
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${payload}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}
