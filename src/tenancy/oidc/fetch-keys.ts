import type { JSONWebKeySet } from 'jose';
import { request } from 'undici';
import { z } from 'zod';

export type FetchKeys = () => Promise<JSONWebKeySet>;

const TIMEOUT_MS = 5_000;
const MOST_BYTES = 256 * 1024;

const keySet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(100) });

/** Fetches an issuer's JSON Web Key Set (RFC 7517). Rejects for whatever is none, is too large or comes too late. */
export function createFetchKeys(url: string): FetchKeys {
  return async () => {
    const { statusCode, body } = await request(url, {
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: { accept: 'application/json' },
    });
    const pieces: Buffer[] = [];
    let bytes = 0;
    for await (const piece of body) {
      const part = Buffer.from(piece);
      bytes += part.length;
      if (bytes > MOST_BYTES) throw new Error(`the key set has more than ${MOST_BYTES} bytes`);
      pieces.push(part);
    }
    if (statusCode !== 200) throw new Error(`the key set was answered with status ${statusCode}`);
    return keySet.parse(JSON.parse(Buffer.concat(pieces).toString('utf8')));
  };
}
