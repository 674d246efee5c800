import type { Call } from '../contracts/call.ts';
import type { Engine } from '../contracts/engine.ts';
import type { LabelDistribution } from '../domain/distribution.ts';
import type { Problem } from '../domain/errors.ts';
import type { Item } from '../domain/item.ts';
import type { Criterion } from '../domain/rubric.ts';
import { type CriterionScore, readScore } from '../domain/score.ts';
import type { PromptTemplate } from '../domain/template.ts';
import type { TrailEntry } from '../domain/verdict.ts';
import type { Fence } from './fence.ts';
import { massProblem } from './label-mass.ts';
import { renderScore } from './render-score.ts';
import type { Asker } from './trail-entry.ts';
import { write } from './writing.ts';
import { positionsOf, readSheet, type TokenPosition } from './written-scores.ts';

/**
 * All criteria in one call: the judge writes one score on each line, and each is read from the probabilities at
 * its own place. What cannot be read has no score here; whoever asked asks for it by itself.
 */
export interface SheetAsker extends Asker {
  readonly template: PromptTemplate;
  readonly fence: Fence;
}

export interface Sheet {
  /** One for each criterion; null where its line could not be read. */
  readonly scores: readonly (CriterionScore | null)[];
  readonly trail: readonly TrailEntry[];
  /** What the engine failed of; what was answered but could not be read is told in the trail alone. */
  readonly problem: Problem | null;
}

/** Most likely tokens that are asked for at each place: what engines give without being told otherwise. */
const LISTED = 20;
/** Tokens of a line: the score, perhaps a space, and its end. */
const TOKENS_PER_LINE = 3;

export async function askSheet(
  asker: SheetAsker,
  {
    item,
    tier,
    criteria,
  }: { readonly item: Item; readonly tier: string; readonly criteria: readonly Criterion[] },
  call: Call,
): Promise<Sheet> {
  const positions: TokenPosition[] = [];
  let isListed = true;
  const written = await write(
    asker,
    {
      messages: renderScore(asker.template, item, criteria, asker.fence),
      tier,
      part: 'all criteria',
      maxTokens: TOKENS_PER_LINE * criteria.length + 1,
      temperature: 0,
      fields: SHEET_FIELDS,
      onChunk(chunk) {
        const told = positionsOf(chunk);
        isListed &&= told !== null;
        positions.push(...(told ?? []));
      },
    },
    call,
  );
  const { entry } = written;
  if (!written.ok) {
    const isAnswer = ANSWERED.has(written.problem.code);
    return { scores: [], trail: [entry], problem: isAnswer ? null : written.problem };
  }
  const read = isListed
    ? readSheet(
        written.value.text,
        positions,
        criteria.map(({ scale }) => scale),
      )
    : null;
  const scores = criteria.map((criterion, index) => scoreOf(criterion, read?.[index] ?? null));
  const masses = (read ?? []).flatMap((one) => (one === null ? [] : [one.mass]));
  const told = masses.length === 0 ? {} : { labelMass: Math.min(...masses), route: 'top_logprobs' as const };
  return {
    scores,
    trail: [{ ...entry, ...told, problem: sheetProblem(criteria, scores, read === null) }],
    problem: null,
  };
}

/** Engines that do not know a field are not sent it. Penalties would change which score is written. */
const SHEET_FIELDS = {
  logprobs: true,
  top_logprobs: LISTED,
  repetition_penalty: 1,
  chat_template_kwargs: { enable_thinking: false },
};

/** The model answered, but not with scores: asking for each by itself may go better. */
const ANSWERED: ReadonlySet<Problem['code']> = new Set(['truncated', 'unparseable', 'refused']);

/** Null as well where the score tokens had too little of the probability. */
function scoreOf(criterion: Criterion, distribution: LabelDistribution | null): CriterionScore | null {
  if (distribution === null || massProblem({ distribution }) !== null) return null;
  return readScore(criterion, distribution);
}

/** What the trail says of the lines that were not read; null when all were. */
function sheetProblem(
  criteria: readonly Criterion[],
  scores: readonly (CriterionScore | null)[],
  isNoSheet: boolean,
): Problem | null {
  const lost = criteria.flatMap(({ name }, index) => ((scores[index] ?? null) === null ? [name] : []));
  if (lost.length === 0) return null;
  const message = isNoSheet
    ? 'the answer is not one score on each line; each criterion was asked by itself'
    : `no score on the line of ${lost.join(', ')}; asked by itself`;
  return { code: 'unparseable', message, param: null };
}

/** False when every replica that is known lists no likely tokens: then there is nothing to read on a sheet. */
export function listsTokens(engine: Engine): boolean {
  const reports = engine.replicas().flatMap(({ report }) => (report === null ? [] : [report]));
  return reports.length === 0 || reports.some(({ capabilities }) => capabilities.topLogprobs > 0);
}
