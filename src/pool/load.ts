import type { Clock } from '../contracts/clock.ts';

/**
 * How loaded a replica looks from here: a Peak-EWMA of its time to first token, which jumps up at once and
 * comes down over seconds, times the tokens that it has in its hands (Linkerd's balancer, with tokens in
 * place of requests). A call that was aborted keeps its tokens for a while: the engine may still work on it.
 */
export interface ReplicaLoad {
  /** Seconds times tokens; lower is better. */
  cost(): number;
  /** A call with this many tokens went out. */
  add(tokens: number): void;
  /** It ended. */
  remove(tokens: number): void;
  /** It was given up here, which the engine learns late or never. */
  abandon(tokens: number): void;
  /** A first token came after `ms`; also a penalty for answers that are fast only because they refuse. */
  observe(ms: number): void;
  outstandingTokens(): number;
}

const DECAY_MS = 10_000;
/** What is assumed of a replica that has not answered yet. */
const UNSEEN_MS = 30;
const ZOMBIE_MS = 2_000;

export function createReplicaLoad(clock: Clock): ReplicaLoad {
  let peakMs = UNSEEN_MS;
  let observedAt = clock.monotonic();
  let tokensOut = 0;
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
    cost() {
      const now = clock.monotonic();
      const seconds = (peakMs * Math.exp((observedAt - now) / DECAY_MS)) / 1_000;
      return seconds * (tokensAt(now) + 1);
    },
    add(tokens) {
      tokensOut += tokens;
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
  };
}
