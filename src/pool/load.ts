import type { Clock } from '../contracts/clock.ts';

/**
 * How loaded a replica looks: a Peak-EWMA of its time to first token, which jumps up at once and comes down
 * over seconds, times the tokens that it has in its hands (Linkerd's balancer, with tokens in place of
 * requests). Requests of others, which only the engine knows of, count as calls of the usual size here. A
 * call that was aborted keeps its tokens for a while: the engine may still work on it.
 */
export interface LoadEstimate {
  /** Seconds times tokens; lower is better. `others` requests are there beside the calls from here. */
  cost(others: number): number;
  /** A call with this many tokens went out. */
  add(tokens: number): void;
  /** It ended. */
  remove(tokens: number): void;
  /** It was given up here, which the engine learns late or never. */
  abandon(tokens: number): void;
  /** A first token came after `ms`; also a penalty for answers that are fast only because they refuse. */
  observe(ms: number): void;
  outstandingTokens(): number;
  /** Instant on the monotonic clock at which the last call went out. */
  usedAt(): number;
}

const DECAY_MS = 10_000;
/** What is assumed of a replica that has not answered yet. */
const UNSEEN_MS = 30;
const ZOMBIE_MS = 2_000;
/** What is assumed of a call before there was one, in tokens. */
const USUAL_TOKENS = 256;
/** Share of the newest call in the usual size. */
const NEWEST_SHARE = 1 / 16;

export function createLoadEstimate(clock: Clock): LoadEstimate {
  let peakMs = UNSEEN_MS;
  let observedAt = clock.monotonic();
  let tokensOut = 0;
  let usualTokens = USUAL_TOKENS;
  let usedAt = Number.NEGATIVE_INFINITY;
  /** Given up and not yet forgotten, oldest first. */
  const zombies: { readonly tokens: number; readonly until: number }[] = [];

  const buryZombies = (now: number): void => {
    const dead = zombies.findIndex((zombie) => zombie.until > now);
    const gone = zombies.splice(0, dead === -1 ? zombies.length : dead);
    for (const { tokens } of gone) tokensOut -= tokens;
  };
  const tokensAt = (now: number): number => {
    if (zombies.length > 0) buryZombies(now);
    return tokensOut;
  };
  return {
    cost(others) {
      const now = clock.monotonic();
      const seconds = (peakMs * Math.exp((observedAt - now) / DECAY_MS)) / 1_000;
      return seconds * (tokensAt(now) + others * usualTokens + 1);
    },
    add(tokens) {
      tokensOut += tokens;
      usualTokens += (tokens - usualTokens) * NEWEST_SHARE;
      usedAt = clock.monotonic();
    },
    remove(tokens) {
      tokensOut -= tokens;
    },
    abandon(tokens) {
      zombies.push({ tokens, until: clock.monotonic() + ZOMBIE_MS });
    },
    observe(ms) {
      const now = clock.monotonic();
      const weight = Math.exp((observedAt - now) / DECAY_MS);
      peakMs = Math.max(ms, peakMs * weight + ms * (1 - weight));
      observedAt = now;
    },
    outstandingTokens: () => tokensAt(clock.monotonic()),
    usedAt: () => usedAt,
  };
}
