import type { Call } from '../contracts/call.ts';
import type { Engine, LabelProbe } from '../contracts/engine.ts';
import type { Judge } from '../contracts/judge.ts';
import type { ReasonSettings } from '../domain/judge-key.ts';
import type { Problem } from '../domain/errors.ts';
import type { Item } from '../domain/item.ts';
import { type Criterion, criteriaOf, type Rubric, type Scale } from '../domain/rubric.ts';
import { type CriterionScore, readScore, scoreJudgmentOf, type ScoreJudgment } from '../domain/score.ts';
import { isSheet, type PromptTemplate, templateId } from '../domain/template.ts';
import type { TrailEntry } from '../domain/verdict.ts';
import type { Fence } from './fence.ts';
import { createJudgeKeys } from './judge-keys.ts';
import { massProblem, problemOf } from './label-mass.ts';
import { reasonFirst, withSampleReasons } from './reasons.ts';
import { renderAnswer, renderScore, scoreLabelsId, scoreSpellings } from './render-score.ts';
import { askSheet, listsTokens } from './score-sheet.ts';
import { trailEntryOf } from './trail-entry.ts';

/**
 * The score judge: asks an engine for the probabilities of the score tokens of each criterion, in one call for
 * each or, with a template for sheets, in one call for all, and takes their expectation. It reads nothing out of
 * prose, and it refuses an answer that puts too little on the score tokens: on a sheet the criterion is asked by
 * itself then, and without an answer the item has no score at all, not one of the other criteria.
 */
export interface ScoreJudgeOptions {
  readonly name: string;
  readonly engine: Engine;
  /** Kind and dialect of the engine, such as `openai/vllm`: part of the judge's key. */
  readonly engineKind: string;
  readonly template: PromptTemplate;
  readonly fence: Fence;
  /** How it comes to its score; absent, at once. The template needs a turn `answer` then. */
  readonly reasons?: ReasonSettings;
}

export function createScoreJudge(options: ScoreJudgeOptions): Judge<ScoreJudgment> {
  const keyOf = createJudgeKeys(options);
  const general: Rubric = { id: 'general', text: options.template.defaultRubric };
  return {
    name: options.name,
    async judge(item, { tier }, call) {
      const criteria = criteriaOf(item.rubric ?? general);
      const { scores, trail, problem } = await askAll(options, { item, tier, criteria }, call);
      if (problem !== null) return { ok: false, problem, trail };
      const read = scores.filter((score) => score !== null);
      return { ok: true, judgment: scoreJudgmentOf(criteria, read, keyOf('one', trail)), trail };
    },
  };
}

interface Answers {
  /** One for each criterion; all are there when there is no problem. */
  readonly scores: readonly (CriterionScore | null)[];
  readonly trail: readonly TrailEntry[];
  readonly problem: Problem | null;
}

interface Questions {
  readonly item: Item;
  readonly tier: string;
  readonly criteria: readonly Criterion[];
}

/** All on one sheet where that is possible; what the sheet does not tell, and everything else, each by itself. */
async function askAll(options: ScoreJudgeOptions, questions: Questions, call: Call): Promise<Answers> {
  const { item, tier, criteria } = questions;
  const usesSheet = isSheet(options.template) && criteria.length > 1 && listsTokens(options.engine);
  const sheet = usesSheet ? await askSheet(options, questions, call) : NO_SHEET;
  if (sheet.problem !== null) return { scores: [], trail: sheet.trail, problem: sheet.problem };
  const answers = await Promise.all(
    criteria.map(async (criterion, index): Promise<Answer> => {
      const score = sheet.scores[index] ?? null;
      return score === null ? askOnce(options, { item, tier, criterion }, call) : { trail: [], score };
    }),
  );
  const asked = answers.flatMap(({ trail }) => trail);
  return {
    scores: answers.map(({ score }) => score),
    trail: [...sheet.trail, ...asked],
    problem: asked.find((entry) => entry.problem !== null)?.problem ?? null,
  };
}

const NO_SHEET: Answers = { scores: [], trail: [], problem: null };

/** The label set of a scale, and a rendered example from which replicas learn the token ids. */
export function scoreProbeOf(template: PromptTemplate, scale: Scale): LabelProbe {
  const criterion: Criterion = { name: 'overall', text: 'Is it right?', scale, anchors: [], weight: 1 };
  const example: Item = {
    id: 'example',
    prompt: 'What is the capital of France?',
    candidates: ['Paris.'],
    rubric: undefined,
    metadata: {},
  };
  return {
    id: scoreLabelsId(template, scale),
    spellings: scoreSpellings(scale),
    context: withSampleReasons(
      template,
      renderScore(template, example, [criterion], () => 'a1b2c3d4e5'),
      renderAnswer(template, criterion),
    ),
  };
}

interface Question {
  readonly item: Item;
  readonly tier: string;
  readonly criterion: Criterion;
}

interface Answer {
  readonly trail: readonly TrailEntry[];
  readonly score: CriterionScore | null;
}

async function askOnce(
  options: ScoreJudgeOptions,
  { item, tier, criterion }: Question,
  call: Call,
): Promise<Answer> {
  const { engine, template, fence } = options;
  const opening = renderScore(template, item, [criterion], fence);
  const answer = renderAnswer(template, criterion);
  const part = criterion.name;
  const turns = { item, tier, order: null, part, messages: opening, answer };
  const asked = await reasonFirst(options, turns, call);
  if (asked.type === 'failed') return { trail: [asked.entry], score: null };
  const { result, report } = await engine.distribution(
    {
      messages: asked.messages,
      labels: scoreLabelsId(template, criterion.scale),
      affinity: `${templateId(template)}\u0000${item.rubric?.id ?? ''}\u0000${criterion.name}`,
      identity: [...item.candidates, criterion.name],
      ...(item.rubric === undefined ? {} : { rubric: item.rubric.id }),
    },
    call,
  );
  const reply = result.ok ? result.value : null;
  const problem = result.ok ? massProblem(result.value) : problemOf(result.failure);
  const entry = trailEntryOf(options, { tier, order: null, part, report, reply, problem });
  const isRead = reply !== null && problem === null;
  return {
    trail: [...asked.trail, entry],
    score: isRead ? readScore(criterion, reply.distribution) : null,
  };
}
