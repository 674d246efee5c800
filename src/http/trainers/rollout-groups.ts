import type { Clock } from '../../contracts/clock.ts';

/** The place of a rollout: the cohort that it waits in, and its name there. */
export interface Place {
  readonly cohort: string;
  readonly name: string;
}

interface Group {
  readonly cohort: string;
  readonly names: Set<string>;
}

/** Rollouts whose place is remembered, so that one sent again finds it, and for how long: as cohorts are. */
const MOST_PLACES = 16_384;
const KEPT_MS = 300_000;

/**
 * Puts rollouts that name no group into groups of a known size: those of one prompt together, the next ones into
 * a new group once it is full or has ended. Open groups are as many as there are requests in flight at most.
 */
export class RolloutGroups {
  readonly #clock: Clock;
  readonly #open = new Map<string, Group>();
  readonly #places = new Map<string, { readonly place: Place; readonly until: number }>();
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `key` is that of the prompt, with the team and the policy. */
  place(key: string, size: number, name: string): Place {
    const again = `${key}\n${name}`;
    const now = this.#clock.monotonic();
    const known = this.#places.get(again);
    if (known !== undefined && now < known.until) return known.place;
    const group = this.#open.get(key) ?? this.#next(key);
    group.names.add(name);
    if (group.names.size >= size) this.#open.delete(key);
    const place = { cohort: group.cohort, name };
    this.#places.delete(again);
    this.#places.set(again, { place, until: now + KEPT_MS });
    const [oldest] = this.#places.keys();
    if (this.#places.size > MOST_PLACES && oldest !== undefined) this.#places.delete(oldest);
    return place;
  }

  /** An answer came for the group: whoever comes later begins another one. A failed rollout may take a new place. */
  end(key: string, { cohort, name }: Place, isJudged: boolean): void {
    if (this.#open.get(key)?.cohort === cohort) this.#open.delete(key);
    if (!isJudged) this.#places.delete(`${key}\n${name}`);
  }

  #next(key: string): Group {
    this.#count += 1;
    const group = { cohort: `rollouts-${this.#count}`, names: new Set<string>() };
    this.#open.set(key, group);
    return group;
  }
}
