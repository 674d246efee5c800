import type { CallStarter } from '../contracts/call.ts';
import type { Clock, Random } from '../contracts/clock.ts';
import type { Member } from './member.ts';
import type { ScrapeSettings } from './settings.ts';

/**
 * Asks the replicas of a pool for their engines' own figures: each once per round, whoever picks by them.
 * Rounds follow each other with a jitter, slower while nobody uses the pool. An engine that does not answer
 * in time is left out of the round; its old figures fade by themselves.
 */
export interface LoadScraper {
  /** Asks all of them now, beside the rounds. */
  refresh(): Promise<void>;
  close(): void;
}

export interface LoadScraperOptions {
  readonly engine: string;
  readonly members: () => readonly Member[];
  readonly settings: ScrapeSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly calls: CallStarter;
}

/** Rounds are moved by up to this share of their time, so that gateways do not ask in step. */
const JITTER = 0.1;

export function createLoadScraper(options: LoadScraperOptions): LoadScraper {
  const { members, settings, clock, random } = options;
  const asking = new Map<Member, () => void>();
  let closed = false;
  let stopTimer: () => void = () => undefined;

  const ask = async (member: Member): Promise<void> => {
    if (member.replica.load === undefined || asking.has(member)) return;
    const { call, cancel, end } = options.calls.start({
      requestId: `load-${options.engine}`,
      team: 'assay',
      timeoutMs: settings.timeoutMs,
    });
    asking.set(member, cancel);
    const runningBefore = member.running();
    try {
      const told = await member.replica.load(call);
      if (closed || !told.ok || told.value === null) return;
      // Calls that began or ended meanwhile may be in the figures: rather too few are taken for others'.
      member.told(told.value, Math.max(runningBefore, member.running()));
    } finally {
      asking.delete(member);
      end();
    }
  };
  const isInUse = (): boolean =>
    members().some(
      (member) => member.running() > 0 || clock.monotonic() - member.load.usedAt() < settings.everyMs,
    );
  const askAll = async (): Promise<void> => {
    await Promise.all(
      members()
        .filter((member) => member.isWarm())
        .map(ask),
    );
  };
  const round = (): void => {
    void askAll();
    wait();
  };
  function wait(): void {
    const everyMs = isInUse() ? settings.everyMs : settings.idleEveryMs;
    stopTimer = clock.after(everyMs * (1 + JITTER * (2 * random.uniform() - 1)), round);
  }
  wait();
  return {
    refresh: askAll,
    close() {
      closed = true;
      stopTimer();
      for (const cancel of asking.values()) cancel();
    },
  };
}
