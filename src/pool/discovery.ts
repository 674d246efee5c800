import { lookup } from 'node:dns/promises';
import type { Clock } from '../contracts/clock.ts';
import type { Logger } from '../contracts/telemetry.ts';

/** Where a replica is. */
export interface Place {
  readonly url: string;
  /** Name that it has where it runs, such as its pod's; unique while it is there. */
  readonly name?: string;
}

/** Tells which places an engine has, as they change. */
export interface Discovery {
  /** Calls `onPlaces` with all of them, at once and on each change; the function returned ends that. */
  watch(onPlaces: (places: readonly Place[]) => void): () => void;
}

export interface DnsDiscoveryOptions {
  /** Base address whose host is looked up, such as `http://vllm.ai.svc:8000`; each address found replaces the host. */
  readonly url: string;
  /** Milliseconds between two look-ups, >= 1000. */
  readonly everyMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** All addresses of a host; rejects when there are none. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
}

/**
 * Looks a name up again and again: a headless service in Kubernetes has an address for each ready pod.
 * A look-up that fails changes nothing, because a DNS server that is down says nothing about the pods.
 */
export function createDnsDiscovery(options: DnsDiscoveryOptions): Discovery {
  const { clock, logger, resolve = resolveAll } = options;
  const base = new URL(options.url);
  return {
    watch(onPlaces) {
      let closed = false;
      let known = '';
      let failing = false;
      let stopTimer: () => void = () => undefined;

      const tell = (hosts: readonly string[]): void => {
        failing = false;
        const addresses = hosts.map((host) => addressOf(base, host)).toSorted();
        const now = addresses.join(' ');
        if (now === known || addresses.length === 0) return;
        known = now;
        onPlaces(addresses.map((address) => ({ url: address })));
      };
      const look = async (): Promise<void> => {
        try {
          const hosts = await resolve(base.hostname);
          if (!closed) tell(hosts);
        } catch (error) {
          if (!failing)
            logger.warn({ host: base.hostname, error: String(error) }, 'look-up of an engine failed');
          failing = true;
        }
        if (!closed) stopTimer = clock.after(options.everyMs, () => void look());
      };
      void look();
      return () => {
        closed = true;
        stopTimer();
      };
    },
  };
}

async function resolveAll(host: string): Promise<readonly string[]> {
  const found = await lookup(host, { all: true });
  return found.map(({ address }) => address);
}

/** The address in the form that URLs have, so that equal ones are equal texts. */
function addressOf(base: URL, host: string): string {
  const url = new URL(base);
  url.hostname = host.includes(':') ? `[${host}]` : host;
  return url.href.replace(/\/$/, '');
}
