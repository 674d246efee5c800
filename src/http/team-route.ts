import type { TeamHandler } from './handler.ts';

/** A route for callers with a key that express finds: nothing here is hot. */
export interface TeamRoute {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** As express writes it; at most one parameter, `:id`. */
  readonly path: string;
  /** `id` is empty where the path has none. */
  readonly handle: (id: string) => TeamHandler;
}
