import type { Order } from '../domain/item.ts';
import type { RoutingResult } from './routing.ts';

/**
 * What a request wants of labels that were bought before: `normal` takes and keeps them, `refresh` asks anew
 * and keeps what comes, `bypass` does neither. The last two never share an answer under way.
 */
export type CacheUse = 'normal' | 'refresh' | 'bypass';

/** A result that may be given again, without its price, as it was judged. */
export interface StoredLabel {
  readonly result: RoutingResult;
  /** How the candidates of its item stood: `ab` when the first sorts before the second. */
  readonly order: Order;
}

/** Keeps results by key, bounded in bytes; what was not used for longest goes first. */
export interface LabelStore {
  get(key: string): StoredLabel | undefined;
  /** Replaces what is there. `ttlMs` is its time to live in milliseconds, > 0. */
  set(key: string, label: StoredLabel, ttlMs: number): void;
  delete(key: string): void;
}
