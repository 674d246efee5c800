import type { CallReport, DistributionReply, Engine } from '../contracts/engine.ts';
import type { Problem } from '../domain/errors.ts';
import type { Order } from '../domain/item.ts';
import { type PromptTemplate, templateId } from '../domain/template.ts';
import type { TrailEntry } from '../domain/verdict.ts';

/** Who asks. */
export interface Asker {
  /** Name of the judge. */
  readonly name: string;
  readonly engine: Engine;
  readonly template: PromptTemplate;
}

/** One engine call of a judge: what it was for and what came of it. */
export interface JudgeCall {
  readonly tier: string;
  readonly order: Order | null;
  /** See `TrailEntry`. */
  readonly part?: string;
  readonly report: CallReport;
  /** Null where no label was read. */
  readonly reply: Pick<DistributionReply, 'distribution' | 'fingerprint' | 'coalesced'> | null;
  /** The build that answered, where no label was read. */
  readonly fingerprint?: string | null;
  readonly problem: Problem | null;
}

/** The call as the trail tells it; what a pair's labels said is left to the caller. */
export function trailEntryOf({ name, engine, template }: Asker, call: JudgeCall): TrailEntry {
  const { tier, order, part, report, reply, problem } = call;
  return {
    tier,
    judge: name,
    engine: engine.id,
    model: engine.model,
    precision: engine.precision,
    ...report,
    coalesced: reply === null ? null : (reply.coalesced ?? 1),
    prompt: templateId(template),
    order,
    ...(part === undefined ? {} : { part }),
    pFirst: null,
    pTie: null,
    labelMass: reply?.distribution.mass ?? null,
    route: reply?.distribution.route ?? null,
    fingerprint: reply?.fingerprint ?? call.fingerprint ?? null,
    problem,
  };
}
