import type { Call } from '../contracts/call.ts';
import type {
  CallReport,
  EngineFailure,
  EngineResult,
  GenerationEvent,
  GenerationRequest,
} from '../contracts/engine.ts';
import type { AttemptEnd, AttemptRunner } from '../contracts/resilience.ts';
import { type Cost, NO_COST } from '../domain/cost.ts';
import { type AttemptParts, type Request, startAttempt } from './attempt.ts';
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
    // The attempt before is counted already.
    tally.add(before === undefined ? made : { ...made, attempts: made.attempts - 1 });
    return made.end;
  };
  const hasOther = (asked: string | null): boolean => parts.chooser.hasOther([asked]);
  const first = await open();
  if (!first.result.ok) return { ok: false, failure: first.result.failure };
  return {
    ok: true,
    value: { events: follow({ end: first, open, hasOther, tally, call }), report: () => tally.report() },
  };
}

interface Following {
  readonly end: AttemptEnd<OpenStream>;
  readonly open: (before: AttemptEnd<OpenStream>) => Promise<AttemptEnd<OpenStream>>;
  readonly hasOther: (asked: string | null) => boolean;
  readonly tally: Tally;
  readonly call: Call;
}

/** One generator and no delegation: each layer costs every token several turns of the microtask queue. */
async function* follow({ end, open, hasOther, tally, call }: Following): AsyncGenerator<GenerationEvent> {
  let current = end;
  while (current.result.ok) {
    const { events, visit } = current.result.value;
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
    }
    if (broken === null) return;
    const cost = visit.failed(broken, call.signal.aborted);
    const result = { ok: false, failure: broken } as const;
    current = await open({ ...current, result, cost, hasOther: hasOther(current.replica) });
    if (current.result.ok) continue;
    tally.settle(current.cost);
    yield { type: 'failure', failure: current.result.failure };
  }
}

/** Ends the visit by the last event of a stream that had begun to speak. */
function costOf(event: Exclude<GenerationEvent, { readonly type: 'chunk' }>, visit: Visit, call: Call): Cost {
  return event.type === 'end'
    ? visit.answered(event.usage)
    : visit.failed(event.failure, call.signal.aborted);
}
