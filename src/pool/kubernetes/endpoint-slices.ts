import { z } from 'zod';
import type { Clock, Random } from '../../contracts/clock.ts';
import type { Logger } from '../../contracts/telemetry.ts';
import type { Discovery, Place } from '../discovery.ts';
import {
  type KubernetesAccess,
  type KubernetesClient,
  KubernetesError,
  openKubernetesClient,
} from './api-client.ts';
import { type Addressing, placesOf, type Slice, sliceSchema } from './slices.ts';

/**
 * Follows the EndpointSlices of a Kubernetes service: lists them, then watches for changes from that version
 * on, and lists anew when the server says that the version is too old (410). While the API server cannot be
 * reached what was known stays: it says nothing about the pods.
 */
export interface EndpointSliceOptions extends KubernetesAccess, Addressing {
  readonly namespace: string;
  readonly service: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** The server ends a watch after this; nothing is lost by that. */
const WATCH_SECONDS = 300;
/** Bookmarks come about each minute, so that silence for longer than the watch is a broken connection. */
const SILENCE_MS = (WATCH_SECONDS + 30) * 1_000;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 30_000;

export function createEndpointSliceDiscovery(options: EndpointSliceOptions): Discovery {
  return {
    watch(onPlaces) {
      const follower = new Follower(options, onPlaces);
      void follower.run();
      return () => follower.stop();
    },
  };
}

class Follower {
  readonly #options: EndpointSliceOptions;
  readonly #onPlaces: (places: readonly Place[]) => void;
  readonly #path: string;
  readonly #slices = new Map<string, Slice>();
  readonly #stopping = new AbortController();
  /** Version to watch from; null asks for a list first. */
  #version: string | null = null;
  #told: string | null = null;
  #failures = 0;

  constructor(options: EndpointSliceOptions, onPlaces: (places: readonly Place[]) => void) {
    this.#options = options;
    this.#onPlaces = onPlaces;
    const selector = encodeURIComponent(`kubernetes.io/service-name=${options.service}`);
    const namespace = encodeURIComponent(options.namespace);
    this.#path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices?labelSelector=${selector}`;
  }

  stop(): void {
    this.#stopping.abort();
  }

  async run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await this.#session();
      } catch (error) {
        if (signal.aborted) return;
        this.#fail(error);
      }
      await this.#pause();
    }
  }

  /** One connection: a list where one is needed, then watches until something fails. */
  async #session(): Promise<void> {
    const client = await openKubernetesClient(this.#options, SILENCE_MS);
    try {
      while (!this.#stopping.signal.aborted) {
        const version = this.#version ?? (await this.#list(client));
        await this.#watch(client, version);
      }
    } finally {
      await client.close();
    }
  }

  async #list(client: KubernetesClient): Promise<string> {
    const list = listSchema.parse(await client.get(this.#path, this.#stopping.signal));
    this.#slices.clear();
    for (const slice of list.items) this.#slices.set(slice.metadata.name, slice);
    this.#tell();
    this.#failures = 0;
    this.#version = list.metadata.resourceVersion;
    return this.#version;
  }

  async #watch(client: KubernetesClient, version: string): Promise<void> {
    const path =
      `${this.#path}&watch=1&allowWatchBookmarks=true&timeoutSeconds=${WATCH_SECONDS}` +
      `&resourceVersion=${encodeURIComponent(version)}`;
    let heard = false;
    for await (const line of client.watch(path, this.#stopping.signal)) {
      this.#apply(eventSchema.parse(line));
      heard = true;
      this.#failures = 0;
    }
    // A server that ends watches at once is asked again with pauses, not in a tight loop.
    if (!heard) throw new Error('the watch ended without an event');
  }

  #apply(event: WatchEvent): void {
    if (event.type === 'ERROR') {
      throw new KubernetesError(event.object.code, 'the Kubernetes API ended the watch with an error');
    }
    this.#version = event.object.metadata.resourceVersion;
    if (event.type === 'BOOKMARK') return;
    const { name } = event.object.metadata;
    if (event.type === 'DELETED') this.#slices.delete(name);
    else this.#slices.set(name, event.object);
    this.#tell();
  }

  /** An empty service counts: the server knows that there are no pods. */
  #tell(): void {
    const places = placesOf(this.#slices.values(), this.#options);
    const text = JSON.stringify(places);
    if (text === this.#told) return;
    this.#told = text;
    this.#onPlaces(places);
  }

  #fail(error: unknown): void {
    if (error instanceof KubernetesError && error.status === 410) this.#version = null;
    const { namespace, service, logger } = this.#options;
    // Once for each outage; a watch that ends early or an old version is daily life.
    if (this.#failures === 1) {
      logger.warn({ namespace, service, error: String(error) }, 'cannot follow the endpoints of a service');
    }
    this.#failures += 1;
  }

  /** Full jitter, doubling; an old version is listed anew after a short one. */
  #pause(): Promise<void> {
    const { clock, random } = this.#options;
    const { signal } = this.#stopping;
    const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.max(0, this.#failures - 1));
    return new Promise((resolve) => {
      const finish = (): void => {
        stopTimer();
        signal.removeEventListener('abort', finish);
        resolve();
      };
      const stopTimer = clock.after(random.uniform() * longest, finish);
      signal.addEventListener('abort', finish, { once: true });
      if (signal.aborted) finish();
    });
  }
}

const listSchema = z.object({
  metadata: z.object({ resourceVersion: z.string() }),
  items: z.array(sliceSchema),
});

const eventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ADDED'), object: sliceSchema }),
  z.object({ type: z.literal('MODIFIED'), object: sliceSchema }),
  z.object({ type: z.literal('DELETED'), object: sliceSchema }),
  z.object({
    type: z.literal('BOOKMARK'),
    object: z.object({ metadata: z.object({ resourceVersion: z.string() }) }),
  }),
  z.object({ type: z.literal('ERROR'), object: z.object({ code: z.number() }) }),
]);
type WatchEvent = z.output<typeof eventSchema>;
