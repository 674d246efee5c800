import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { Agent, request } from 'undici';
import type { Clock } from '../../contracts/clock.ts';
import type { Message } from '../../contracts/job-store.ts';
import { isGlobal } from './address.ts';
import { signedHeaders } from './signature.ts';

/** Where messages may go. */
export interface Endpoint {
  readonly url: string;
  readonly secret: string;
  /** Also addresses of this machine and of private networks, any port, and plain HTTP. */
  readonly allowPrivate: boolean;
}

/** What became of one try. `retryAfterMs` is what the other side asked for, 0 for nothing. */
export type Delivery =
  | { readonly type: 'delivered' }
  | { readonly type: 'failed'; readonly reason: string; readonly retryAfterMs: number }
  /** It will never be taken. */
  | { readonly type: 'refused'; readonly reason: string };

export interface Sender {
  send(message: Message, endpoint: Endpoint): Promise<Delivery>;
}

/** Looks a host up; all its addresses. */
export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>;

/** Time for one try, from the lookup to the last byte that is read. */
const TRY_MS = 5_000;
/** Of the reply nothing is used: it is read so that the connection ends well, up to this many bytes. */
const REPLY_BYTES = 64 * 1024;
const LONGEST_RETRY_AFTER_MS = 86_400_000;
const PORTS = new Set(['', '443', '8443']);

/**
 * Sends messages to endpoints out on the internet, without being a way into the network here: the host is
 * looked up once, every address must be a public one, the connection goes to the address that was checked,
 * and redirects are not followed.
 */
export function createSender(clock: Clock, resolve: Resolve = resolveAll): Sender {
  return {
    async send(message, endpoint) {
      const url = new URL(endpoint.url);
      const forbidden = endpoint.allowPrivate ? null : forbiddenPart(url);
      if (forbidden !== null) return { type: 'refused', reason: forbidden };
      const late = new AbortController();
      const stopTimer = clock.after(TRY_MS, () => late.abort(new Error(`no answer within ${TRY_MS} ms`)));
      try {
        const addresses = await untilAborted(resolve(url.hostname.replace(/^\[|\]$/g, '')), late.signal);
        const [address] = addresses;
        if (address === undefined) return failed('the host has no address');
        if (!endpoint.allowPrivate && !addresses.every((each) => isGlobal(each.address))) {
          return failed('the host has an address that is not public');
        }
        return await post(message, endpoint, { address, signal: late.signal, now: clock.now() });
      } catch (error) {
        return failed(error instanceof Error ? error.message : String(error));
      } finally {
        stopTimer();
      }
    },
  };
}

function resolveAll(hostname: string): Promise<LookupAddress[]> {
  return lookup(hostname, { all: true, order: 'verbatim' });
}

function forbiddenPart({ protocol, port }: URL): string | null {
  if (protocol !== 'https:') return 'the endpoint is not https';
  return PORTS.has(port) ? null : 'the endpoint has a port other than 443 and 8443';
}

function failed(reason: string, retryAfterMs = 0): Delivery {
  return { type: 'failed', reason, retryAfterMs };
}

interface Way {
  readonly address: LookupAddress;
  readonly signal: AbortSignal;
  readonly now: number;
}

async function post(message: Message, endpoint: Endpoint, { address, signal, now }: Way): Promise<Delivery> {
  const agent = new Agent({
    allowH2: false,
    maxResponseSize: REPLY_BYTES,
    connect: {
      timeout: TRY_MS,
      lookup: (_hostname, options, callback) => {
        if (options.all === true) callback(null, [address]);
        else callback(null, address.address, address.family);
      },
    },
  });
  try {
    const { statusCode, headers, body } = await request(endpoint.url, {
      method: 'POST',
      dispatcher: agent,
      signal,
      headers: {
        'content-type': 'application/json',
        'user-agent': 'assay-webhooks',
        ...signedHeaders(message.id, message.payload, endpoint.secret, now),
      },
      body: message.payload,
    });
    // The status says it all; a reply that is cut or too long changes nothing.
    await body.dump({ limit: REPLY_BYTES, signal }).catch(() => undefined);
    return deliveryOf(statusCode, headers['retry-after'], now);
  } finally {
    await agent.destroy();
  }
}

function deliveryOf(status: number, retryAfter: string | string[] | undefined, now: number): Delivery {
  if (status >= 200 && status < 300) return { type: 'delivered' };
  if (status === 410) return { type: 'refused', reason: 'it answered 410: it wants no more' };
  const header = typeof retryAfter === 'string' ? retryAfter : '';
  const seconds = Number(header === '' ? Number.NaN : header);
  const wait = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - now;
  const bounded = Number.isFinite(wait) ? Math.min(LONGEST_RETRY_AFTER_MS, Math.max(0, wait)) : 0;
  return failed(`it answered ${status}`, bounded);
}

function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    work.then(resolve, reject);
  });
}
