import type { Call } from '../../src/contracts/call.ts';
import type {
  DistributionReply,
  DistributionRequest,
  EngineFailure,
  EngineResult,
  LabelBatches,
  Replica,
} from '../../src/contracts/engine.ts';
import { abortProblem } from '../../src/domain/errors.ts';
import { WARM } from './pool.ts';

/** An engine call in the hands of the test. */
export interface EngineCall {
  readonly contents: readonly string[];
  readonly call: Call;
  /** It gave every question its answer. */
  isAnswered: boolean;
  /** Answers each question with a mass that tells which it was; one that says "bad" makes it refuse the whole. */
  answer(): void;
  fail(failure: EngineFailure): void;
}

export interface BatchingReplica {
  readonly replica: Replica;
  /** Calls that are out, in their order. */
  readonly out: EngineCall[];
  /** Every call that was made. */
  readonly made: EngineCall[];
}

export const REFUSED: EngineFailure = {
  code: 'engine_rejected',
  message: 'the engine refuses the request',
  sent: false,
  blamesReplica: false,
};

/** The number in a question's text: `q17` has the mass 17. */
export function massOf(content: string): number {
  return Number(/\d+/.exec(content)?.[0]);
}

/** A replica that takes several questions in a call, whose answers the test gives. */
export function batchingReplica(options: Partial<LabelBatches> = {}): BatchingReplica {
  const out: EngineCall[] = [];
  const made: EngineCall[] = [];
  const send = <T>(
    requests: readonly DistributionRequest[],
    call: Call,
    wrap: (answers: readonly EngineResult<DistributionReply>[]) => EngineResult<T>,
  ): Promise<EngineResult<T>> =>
    new Promise((resolve) => {
      const contents = requests.map(({ messages }) => messages[0]?.content ?? '');
      const end = (result: EngineResult<T>): void => {
        const place = out.indexOf(sent);
        if (place < 0) return;
        out.splice(place, 1);
        resolve(result);
      };
      const sent: EngineCall = {
        contents,
        call,
        isAnswered: false,
        answer() {
          sent.isAnswered = !contents.some((content) => content.startsWith('bad'));
          end(
            sent.isAnswered
              ? wrap(contents.map((content) => ({ ok: true, value: replyOf(content) })))
              : { ok: false, failure: REFUSED },
          );
        },
        fail: (failure) => end({ ok: false, failure }),
      };
      out.push(sent);
      made.push(sent);
      const onAbort = (): void => {
        const { code, message } = abortProblem(call.signal.reason);
        end({ ok: false, failure: { code, message, sent: true, blamesReplica: false } });
      };
      if (call.signal.aborted) onAbort();
      else call.signal.addEventListener('abort', onAbort, { once: true });
    });
  const batches: LabelBatches = {
    maximum: 128,
    tellsCachedTokens: false,
    keyOf: ({ labels }) => labels,
    ask: (requests, call) => send(requests, call, (answers) => ({ ok: true, value: answers })),
    ...options,
  };
  const unasked = { ok: false as const, failure: REFUSED };
  const replica: Replica = {
    url: 'http://replica',
    warmUp: async () => WARM,
    distribution: (request, call) => send([request], call, ([first]) => first ?? unasked),
    labelBatches: () => batches,
    generate: async () => unasked,
    post: async () => unasked,
    close: async () => undefined,
  };
  return { replica, out, made };
}

function replyOf(content: string): DistributionReply {
  return {
    distribution: { labels: {}, mass: massOf(content), route: 'label_ids' },
    usage: { inputTokens: 10, cachedInputTokens: 0, outputTokens: 1 },
    fingerprint: null,
  };
}
