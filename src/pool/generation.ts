import type { Call } from '../contracts/call.ts';
import type {
  CallReport,
  EngineFailure,
  EngineResult,
  GenerationEvent,
  GenerationRequest,
} from '../contracts/engine.ts';
import type { AttemptEnd, AttemptRunner } from '../contracts/resilience.ts';
import type { Clock } from '../contracts/clock.ts';
import { type Cost, NO_COST } from '../domain/cost.ts';
import { GatewayError } from '../domain/errors.ts';
import { type AttemptParts, noteAttempts, type Request, startAttempt } from './attempt.ts';
import { generationTraits } from './request.ts';
import { createTally, type Tally } from './tally.ts';
import type { Visit } from './visit.ts';

/**
 * A generation over several replicas. Until its first chunk it may start again elsewhere, also when the
 * engine had accepted it; after that a failure is passed on, because what was said cannot be taken back.
 */
export interface Generation {
  readonly events: AsyncIterable<GenerationEvent>;
  report(): CallReport;
}

interface OpenStream {
  readonly events: AsyncIterable<GenerationEvent>;
  readonly visit: Visit;
}

export async function generate(
  parts: AttemptParts & { readonly runner: AttemptRunner },
  request: GenerationRequest,
  call: Call,
): Promise<EngineResult<Generation>> {
  const { runner, clock } = parts;
  const traits = generationTraits(request);
  const question: Request<OpenStream> = {
    ...traits,
    async ask(replica, linked, visit) {
      const result = await replica.generate(request, linked);
      return result.ok ? { ok: true, value: { events: result.value, visit } } : result;
    },
    costOf: () => NO_COST,
  };
  const tally = createTally(clock);
  const open = async (before?: AttemptEnd<OpenStream>): Promise<AttemptEnd<OpenStream>> => {
    const made = await runner.run(
      question,
      call,
      (avoid) => startAttempt(parts, question, call, avoid),
      before,
    );
    noteAttempts(parts, made);
    // The attempt before is counted already.
    tally.add(before === undefined ? made : { ...made, attempts: made.attempts - 1 });
    return made.end;
  };
  const hasOther = (asked: string | null): boolean => parts.chooser.hasOther([asked]);
  const first = await open();
  if (!first.result.ok) return { ok: false, failure: first.result.failure };
  const following: Following = { current: first, open, hasOther, tally, call, release: () => undefined };
  following.release = clock.after(longestMs(call, clock), () => expire(following));
  return { ok: true, value: { events: follow(following), report: () => tally.report() } };
}

/** Time after its deadline in which a stream ends by itself when somebody reads it. */
const GRACE_MS = 1_000;
const LONGEST_MS = 3_600_000;

function longestMs(call: Call, clock: Clock): number {
  return Math.min(LONGEST_MS, Math.max(0, call.deadline - clock.monotonic()) + GRACE_MS);
}

/** A stream that was opened and is never read to its end would be counted for ever, as no code of it runs. */
function expire({ current }: Following): void {
  if (!current.result.ok) return;
  current.result.value.visit.expire(new GatewayError('deadline_exceeded', 'the answer was not read in time'));
}

interface Following {
  current: AttemptEnd<OpenStream>;
  /** Takes back the timer that ends a stream which nobody reads. */
  release: () => void;
  readonly open: (before: AttemptEnd<OpenStream>) => Promise<AttemptEnd<OpenStream>>;
  readonly hasOther: (asked: string | null) => boolean;
  readonly tally: Tally;
  readonly call: Call;
}

/** One generator and no delegation: each layer costs every token several turns of the microtask queue. */
async function* follow(following: Following): AsyncGenerator<GenerationEvent> {
  const { open, hasOther, tally, call } = following;
  while (following.current.result.ok) {
    const { events, visit } = following.current.result.value;
    let broken: EngineFailure | null = null;
    let said = false;
    let over = false;
    try {
      for await (const event of events) {
        if (event.type === 'chunk') {
          said = true;
          visit.token();
        } else {
          over = true;
          if (event.type === 'failure' && !said) {
            broken = event.failure;
            break;
          }
          // Settled before it is passed on: the consumer may ask for the report at once.
          tally.settle(costOf(event, visit, call));
        }
        yield event;
      }
    } finally {
      if (!over) tally.settle(visit.left());
      if (broken === null) following.release();
    }
    if (broken === null) return;
    const cost = visit.failed(broken, call.signal.aborted);
    const result = { ok: false, failure: broken } as const;
    const before = following.current;
    const next = await open({ ...before, result, cost, hasOther: hasOther(before.replica) });
    following.current = next;
    if (next.result.ok) continue;
    following.release();
    tally.settle(next.cost);
    yield { type: 'failure', failure: next.result.failure };
  }
}

/** Ends the visit by the last event of a stream that had begun to speak. */
function costOf(event: Exclude<GenerationEvent, { readonly type: 'chunk' }>, visit: Visit, call: Call): Cost {
  return event.type === 'end'
    ? visit.answered(event.usage)
    : visit.failed(event.failure, call.signal.aborted);
}
