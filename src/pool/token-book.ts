import type { TokenComparison } from '../contracts/admin.ts';
import type { Clock } from '../contracts/clock.ts';
import type { TokenCounts } from '../contracts/engine.ts';
import type { Usage } from '../domain/cost.ts';

/**
 * Tokens of one replica as the gateway counts them, beside those that its engine counts, since the same instant.
 * The count starts anew when the engine's counters fall (it was restarted) and with each warm-up, whose own
 * tokens belong to no call.
 */
export interface TokenBook {
  /** A call goes out. Tell the result its usage when it ends, or null when the engine did not tell one. */
  open(): (usage: Usage | null) => void;
  /** What the engine counts now; `warmSince` tells one warm-up from the next, `inFlight` calls are out. */
  told(counted: TokenCounts, warmSince: number, inFlight: number): void;
  /** Both counts at the time the engine told last; null before. */
  compared(): TokenComparison | null;
}

/** What is counted from one start to the next. */
interface Page {
  readonly since: number;
  readonly warmSince: number;
  readonly first: TokenCounts;
  readonly ours: { input: number; output: number };
  unknownCalls: number;
  last: TokenCounts;
  compared: TokenComparison;
}

export function createTokenBook(clock: Clock): TokenBook {
  let page: Page | null = null;
  return {
    open() {
      const started = page;
      return (usage) => {
        if (page === null) return;
        // The engine may have counted a part of such a call before the page began.
        if (usage === null || started !== page) {
          page.unknownCalls += 1;
          return;
        }
        page.ours.input += usage.inputTokens;
        page.ours.output += usage.outputTokens;
      };
    },
    told(counted, warmSince, inFlight) {
      const now = clock.now();
      if (page === null || page.warmSince !== warmSince || hasFallen(page.last, counted)) {
        page = startPage(counted, warmSince, now);
      }
      page.last = counted;
      page.compared = compare(page, { at: now, inFlight });
    },
    compared: () => page?.compared ?? null,
  };
}

function startPage(first: TokenCounts, warmSince: number, since: number): Page {
  const none = { input: 0, output: 0 };
  const compared = { since, at: since, ours: none, engine: none, unknownCalls: 0, inFlight: 0 };
  return { since, warmSince, first, ours: { ...none }, unknownCalls: 0, last: first, compared };
}

function compare(
  { since, first, last, ours, unknownCalls }: Page,
  told: Pick<TokenComparison, 'at' | 'inFlight'>,
): TokenComparison {
  const engine = { input: last.input - first.input, output: last.output - first.output };
  return { since, ...told, ours: { ...ours }, engine, unknownCalls };
}

function hasFallen(before: TokenCounts, now: TokenCounts): boolean {
  return now.input < before.input || now.output < before.output;
}
