import { z } from 'zod';
import type { Place } from '../discovery.ts';

/** The parts of `discovery.k8s.io/v1` EndpointSlice that are read; nulls stand for absent fields. */
export const sliceSchema = z.object({
  metadata: z.object({ name: z.string(), resourceVersion: z.string() }),
  addressType: z.string(),
  endpoints: z
    .array(
      z.object({
        addresses: z.array(z.string()).min(1),
        conditions: z.object({ ready: z.boolean().nullish(), terminating: z.boolean().nullish() }).nullish(),
        targetRef: z.object({ kind: z.string().nullish(), name: z.string().nullish() }).nullish(),
      }),
    )
    .nullish(),
  ports: z.array(z.object({ name: z.string().nullish(), port: z.number().nullish() })).nullish(),
});
export type Slice = z.output<typeof sliceSchema>;

/** How the addresses of a slice become addresses of an engine. */
export interface Addressing {
  /** Such as `http` or `grpc`. */
  readonly scheme: string;
  /** Number of the port, or its name in the service. */
  readonly port: number | string;
}

/**
 * The places that take new calls. Ready counts also when it is not told; what terminates takes none, so that
 * its calls can end. A pod in several slices (two address families, or a slice being replaced) is one place:
 * IPv4 goes first.
 */
export function placesOf(slices: Iterable<Slice>, { scheme, port }: Addressing): Place[] {
  const places = new Map<string, Place>();
  const ordered = [...slices]
    .filter(({ addressType }) => addressType === 'IPv4' || addressType === 'IPv6')
    .toSorted((x, y) => x.addressType.localeCompare(y.addressType));
  for (const slice of ordered) {
    const number = typeof port === 'number' ? port : portOf(slice, port);
    if (number === undefined) continue;
    for (const endpoint of slice.endpoints ?? []) {
      const place = placeOf(endpoint, (address) => {
        const host = slice.addressType === 'IPv6' ? `[${address}]` : address;
        return `${scheme}://${host}:${number}`;
      });
      const key = place?.name ?? place?.url;
      if (place !== null && key !== undefined && !places.has(key)) places.set(key, place);
    }
  }
  return [...places.values()].toSorted((x, y) => x.url.localeCompare(y.url));
}

/** Null for an endpoint that takes no new calls. */
function placeOf(
  { addresses, conditions, targetRef }: NonNullable<Slice['endpoints']>[number],
  urlOf: (address: string) => string,
): Place | null {
  // Further addresses of an endpoint mean the same pod: clients take the first (API reference of EndpointSlice).
  const [address] = addresses;
  if (address === undefined || conditions?.ready === false || conditions?.terminating === true) return null;
  const url = urlOf(address);
  const name = targetRef?.kind === 'Pod' ? targetRef.name : undefined;
  return name === undefined || name === null ? { url } : { url, name };
}

function portOf({ ports }: Slice, name: string): number | undefined {
  return ports?.find((port) => port.name === name)?.port ?? undefined;
}
