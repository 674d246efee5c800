import type { CacheUse } from '../contracts/cache.ts';
import type { Exchange } from './exchange.ts';

/**
 * What `Cache-Control` of a request says about stored labels (RFC 9111, 5.2.1): `no-cache` asks anew and
 * keeps the answer, `no-store` does neither and wins over it. Other directives are no matter here.
 */
export function cacheUseOf({ request }: Exchange): CacheUse {
  const header = request.headers['cache-control'];
  if (header === undefined) return 'normal';
  const directives = new Set(header.split(',').map((directive) => directive.trim().toLowerCase()));
  if (directives.has('no-store')) return 'bypass';
  return directives.has('no-cache') ? 'refresh' : 'normal';
}
