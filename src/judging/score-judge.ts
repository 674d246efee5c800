import type { Call } from '../contracts/call.ts';
import type { Engine, LabelProbe } from '../contracts/engine.ts';
import type { Judge } from '../contracts/judge.ts';
import type { Item } from '../domain/item.ts';
import { type Criterion, criteriaOf, type Rubric, type Scale } from '../domain/rubric.ts';
import { type CriterionScore, readScore, scoreJudgmentOf, type ScoreJudgment } from '../domain/score.ts';
import { type PromptTemplate, templateId } from '../domain/template.ts';
import type { TrailEntry } from '../domain/verdict.ts';
import type { Fence } from './fence.ts';
import { createJudgeKeys } from './judge-keys.ts';
import { massProblem, problemOf } from './label-mass.ts';
import { renderScore, scoreLabelsId, scoreSpellings } from './render-score.ts';
import { trailEntryOf } from './trail-entry.ts';

/**
 * The score judge: asks an engine once for each criterion of the rubric for the probabilities of the score
 * tokens, and takes their expectation. It reads nothing out of prose, and it refuses an answer that puts too
 * little on the score tokens: then the item has no score at all, not one of the other criteria.
 */
export interface ScoreJudgeOptions {
  readonly name: string;
  readonly engine: Engine;
  /** Kind and dialect of the engine, such as `openai/vllm`: part of the judge's key. */
  readonly engineKind: string;
  readonly template: PromptTemplate;
  readonly fence: Fence;
}

export function createScoreJudge(options: ScoreJudgeOptions): Judge<ScoreJudgment> {
  const keyOf = createJudgeKeys(options);
  const general: Rubric = { id: 'general', text: options.template.defaultRubric };
  return {
    name: options.name,
    async judge(item, { tier }, call) {
      const criteria = criteriaOf(item.rubric ?? general);
      const answers = await Promise.all(
        criteria.map((criterion) => askOnce(options, { item, tier, criterion }, call)),
      );
      const trail = answers.map(({ entry }) => entry);
      const problem = trail.find((entry) => entry.problem !== null)?.problem;
      if (problem) return { ok: false, problem, trail };
      const scores = answers.map(({ score }) => score).filter((score) => score !== null);
      return { ok: true, judgment: scoreJudgmentOf(criteria, scores, keyOf('one', trail)), trail };
    },
  };
}

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
    context: renderScore(template, example, criterion, () => 'a1b2c3d4e5'),
  };
}

interface Question {
  readonly item: Item;
  readonly tier: string;
  readonly criterion: Criterion;
}

async function askOnce(
  options: ScoreJudgeOptions,
  { item, tier, criterion }: Question,
  call: Call,
): Promise<{ readonly entry: TrailEntry; readonly score: CriterionScore | null }> {
  const { engine, template, fence } = options;
  const { result, report } = await engine.distribution(
    {
      messages: renderScore(template, item, criterion, fence),
      labels: scoreLabelsId(template, criterion.scale),
      affinity: `${templateId(template)}\u0000${item.rubric?.id ?? ''}\u0000${criterion.name}`,
      identity: [...item.candidates, criterion.name],
      ...(item.rubric === undefined ? {} : { rubric: item.rubric.id }),
    },
    call,
  );
  const reply = result.ok ? result.value : null;
  const problem = result.ok ? massProblem(result.value) : problemOf(result.failure);
  const entry = trailEntryOf(options, { tier, order: null, part: criterion.name, report, reply, problem });
  const isRead = reply !== null && problem === null;
  return { entry, score: isRead ? readScore(criterion, reply.distribution) : null };
}
