import type { Waiter } from './waiter.ts';

interface Team {
  readonly name: string;
  /** In order of arrival; a set forgets those who leave in constant time. */
  readonly waiters: Set<Waiter>;
  /** Tokens per share. */
  served: number;
  tokens: number;
}

export interface TeamLine {
  readonly team: string;
  readonly waiting: number;
  readonly tokens: number;
  readonly oldestSince: number;
}

/**
 * The calls of one class that wait, fair over teams: next is the team that was served the fewest tokens for its
 * share, and within a team who came first. Served tokens are counted as virtual token counters (Sheng et al.,
 * "Fairness in Serving Large Language Models", OSDI 2024, algorithm 2): charged when a call is let in and
 * corrected when its real usage is known. A team that comes back is lifted to the least served one that waits:
 * time in which it asked for nothing earns it nothing.
 */
export class ClassLine {
  readonly #shareOf: (team: string) => number;
  /** Teams that wait. */
  readonly #active = new Map<string, Team>();
  /** Teams that do not wait, with what they were served; forgotten when nobody waits. */
  readonly #resting = new Map<string, Team>();
  #size = 0;
  #tokens = 0;

  constructor(shareOf: (team: string) => number) {
    this.#shareOf = shareOf;
  }

  get size(): number {
    return this.#size;
  }

  get tokens(): number {
    return this.#tokens;
  }

  add(waiter: Waiter): void {
    const team = this.#active.get(waiter.team) ?? this.#activate(waiter.team);
    team.waiters.add(waiter);
    team.tokens += waiter.tokens;
    this.#tokens += waiter.tokens;
    this.#size += 1;
  }

  /** False when it was not there. */
  remove(waiter: Waiter): boolean {
    const team = this.#active.get(waiter.team);
    return team !== undefined && this.#drop(team, waiter);
  }

  /** Takes out the next one and charges its team with its tokens; null when nobody waits. */
  take(): Waiter | null {
    const team = this.#leastServed();
    const waiter = team === null ? null : firstOf(team);
    if (team === null || waiter === null) return null;
    team.served += waiter.tokens / this.#shareOf(team.name);
    this.#drop(team, waiter);
    return waiter;
  }

  /** `tokens` more, or fewer if negative, were served to the team than it was charged with. */
  charge(name: string, tokens: number): void {
    // Where nobody waits there is nothing to be fair about.
    if (this.#size === 0 || tokens === 0) return;
    const team = this.#active.get(name) ?? this.#resting.get(name) ?? this.#rest(name);
    team.served += tokens / this.#shareOf(name);
  }

  /**
   * The newest waiter of the team that fills the line most for its share, when one more of `newcomer` comes: null
   * when that is the team itself.
   */
  excess(newcomer: string | null): Waiter | null {
    let fullest: Team | null = null;
    let most = newcomer === null ? 0 : this.#fillOf(newcomer, 1);
    for (const team of this.#active.values()) {
      const fill = this.#fillOf(team.name, 0);
      if (fill > most) [fullest, most] = [team, fill];
    }
    return fullest === null ? null : lastOf(fullest);
  }

  /** Tokens that go before a call of this team that came now. */
  tokensBefore(name: string): number {
    const own = this.#active.get(name)?.tokens ?? 0;
    if (own === 0) return 0;
    let shares = 0;
    for (const team of this.#active.keys()) shares += this.#shareOf(team);
    return Math.min(this.#tokens, (own * shares) / this.#shareOf(name));
  }

  /** Instant at which the one that waits longest came; null in an empty line. */
  oldestSince(): number | null {
    let oldest: number | null = null;
    for (const team of this.#active.values()) {
      const since = firstOf(team)?.since ?? null;
      if (since !== null && (oldest === null || since < oldest)) oldest = since;
    }
    return oldest;
  }

  teams(): readonly TeamLine[] {
    return [...this.#active.values()].map((team) => ({
      team: team.name,
      waiting: team.waiters.size,
      tokens: team.tokens,
      oldestSince: firstOf(team)?.since ?? 0,
    }));
  }

  #leastServed(): Team | null {
    let least: Team | null = null;
    for (const team of this.#active.values()) {
      if (least === null || team.served < least.served) least = team;
    }
    return least;
  }

  /** A new team that does not wait; it has been served no less than those who do. */
  #rest(name: string): Team {
    const team = { name, waiters: new Set<Waiter>(), served: this.#leastServed()?.served ?? 0, tokens: 0 };
    this.#resting.set(name, team);
    return team;
  }

  #activate(name: string): Team {
    const team = this.#resting.get(name) ?? this.#rest(name);
    team.served = Math.max(team.served, this.#leastServed()?.served ?? 0);
    this.#resting.delete(name);
    this.#active.set(name, team);
    return team;
  }

  #drop(team: Team, waiter: Waiter): boolean {
    if (!team.waiters.delete(waiter)) return false;
    team.tokens -= waiter.tokens;
    this.#tokens -= waiter.tokens;
    this.#size -= 1;
    if (team.waiters.size > 0) return true;
    this.#active.delete(team.name);
    this.#resting.set(team.name, team);
    if (this.#active.size === 0) this.#resting.clear();
    return true;
  }

  #fillOf(name: string, more: number): number {
    return ((this.#active.get(name)?.waiters.size ?? 0) + more) / this.#shareOf(name);
  }
}

function firstOf({ waiters }: Team): Waiter | null {
  for (const waiter of waiters) return waiter;
  return null;
}

/** Only a full line asks for it. */
function lastOf({ waiters }: Team): Waiter | null {
  return [...waiters].at(-1) ?? null;
}
