import type { Exchange } from '../exchange.ts';

/** The query parameters; of a repeated one the last. */
export function queryOf({ request }: Exchange): Record<string, string> {
  const { url = '' } = request;
  const start = url.indexOf('?');
  return start === -1 ? {} : Object.fromEntries(new URLSearchParams(url.slice(start + 1)));
}
