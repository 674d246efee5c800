import type { Call } from '../contracts/call.ts';
import type { Clock, Random } from '../contracts/clock.ts';
import type { EngineFailure } from '../contracts/engine.ts';
import type {
  AttemptEnd,
  AttemptRunner,
  AttemptsEnd,
  Question,
  StartAttempt,
} from '../contracts/resilience.ts';
import { NO_COST } from '../domain/cost.ts';
import { createHedge } from './hedge.ts';
import { classify } from './outcome-class.ts';
import { pause } from './pause.ts';
import { createQuarantine } from './quarantine.ts';
import { createRetryPolicy } from './retry.ts';
import type { ResilienceSettings } from './settings.ts';

/** Quarantine, then attempts, with hedges and pauses between them, until one answers or none may follow. */
export function createAttemptRunner(
  settings: ResilienceSettings,
  clock: Clock,
  random: Random,
): AttemptRunner {
  const retries = createRetryPolicy(settings.retry, clock, random);
  const quarantine = createQuarantine(settings.quarantine, clock);
  const hedge = createHedge(settings.hedge, clock);

  /** One attempt, or two when it was hedged; crashes are written down. */
  const ask = async <T>(
    question: Question,
    start: StartAttempt<T>,
    avoid: readonly string[],
  ): Promise<readonly AttemptEnd<T>[]> => {
    const refusal = quarantine.refusalOf(() => question.identity());
    if (refusal !== null) return [refused(refusal)];
    const ends = question.kind === 'label' ? await hedge.ask(start, avoid) : [await start(avoid).ended];
    for (const end of ends) noteCrash(end, question);
    return ends;
  };
  const noteCrash = ({ result, replica }: AttemptEnd<unknown>, question: Question): void => {
    if (!result.ok && classify(result.failure).crash) quarantine.crashed(question.identity(), replica);
  };

  return {
    async run<T>(
      question: Question,
      call: Call,
      start: StartAttempt<T>,
      before?: AttemptEnd<T>,
    ): Promise<AttemptsEnd<T>> {
      const ends: AttemptEnd<T>[] = [];
      let hedges = 0;
      const add = (more: readonly AttemptEnd<T>[]): void => {
        ends.push(...more);
        hedges += more.length - 1;
      };
      if (before === undefined) {
        retries.requested();
        add(await ask(question, start, []));
      } else {
        noteCrash(before, question);
        ends.push(before);
      }
      for (let attempts = 1; ; attempts += 1) {
        const last = ends.at(-1);
        // `ask` gives one end at least.
        if (last === undefined) throw new Error('an attempt without an end');
        if (last.result.ok) return sumUp(ends, last, hedges);
        const pauseMs = retries.pauseBefore(attempts, last, call);
        if (pauseMs === null || !(await pause(pauseMs, call.signal, clock))) return sumUp(ends, last, hedges);
        add(await ask(question, start, namesOf(ends)));
      }
    },
  };
}

function namesOf(ends: readonly AttemptEnd<unknown>[]): string[] {
  return ends.map((end) => end.replica).filter((name) => name !== null);
}

/** An attempt that no replica took tells less than the failure of one that did. */
function sumUp<T>(ends: readonly AttemptEnd<T>[], last: AttemptEnd<T>, hedges: number): AttemptsEnd<T> {
  const made = ends.filter((end) => end.replica !== null);
  const end = last.replica === null ? quarantinedOr(last, made) : last;
  return {
    end,
    attempts: made.length,
    hedges,
    spent: made.filter((each) => each !== end).map((each) => each.cost),
  };
}

function quarantinedOr<T>(last: AttemptEnd<T>, made: readonly AttemptEnd<T>[]): AttemptEnd<T> {
  if (!last.result.ok && last.result.failure.code === 'quarantined') return last;
  return made.at(-1) ?? last;
}

function refused(failure: EngineFailure): AttemptEnd<never> {
  return { result: { ok: false, failure }, replica: null, pick: null, cost: NO_COST, hasOther: false };
}
