import type { Call } from '../contracts/call.ts';
import type { Engine } from '../contracts/engine.ts';
import type { Judge } from '../contracts/judge.ts';
import { addCosts } from '../domain/cost.ts';
import type { CritiqueJudgment, CritiqueStep } from '../domain/critique.ts';
import type { Problem } from '../domain/errors.ts';
import type { Item } from '../domain/item.ts';
import type { PromptTemplate } from '../domain/template.ts';
import type { Flag, TrailEntry } from '../domain/verdict.ts';
import { evidenceOf } from './evidence.ts';
import type { Fence } from './fence.ts';
import { createJudgeKeys } from './judge-keys.ts';
import { principlesFor, seedOf } from './principles.ts';
import { renderCritique, renderRevision, type Round } from './render-critique.ts';
import { write } from './writing.ts';
import { MOST_REASONING } from './written-text.ts';

/**
 * The critic: criticises a response by principles of a constitution and revises it, round after round
 * (Bai et al. 2022, arXiv 2212.08073, section 3), and has a preference judge compare the last revision with
 * the response that came. A chain is whole or a typed failure: no step of a broken one goes out.
 */
export interface CritiqueJudgeOptions {
  readonly name: string;
  readonly engine: Engine;
  /** Kind and dialect of the engine, such as `openai/vllm`: part of the judge's key. */
  readonly engineKind: string;
  readonly template: PromptTemplate;
  readonly fence: Fence;
  /** Longest critique or revision, in tokens, thoughts included. */
  readonly maxTokens: number;
  /** 0 takes the likeliest token each time. */
  readonly temperature: number;
  /** Compares before and after; null when nobody does. */
  readonly gate: Judge | null;
}

export function createCritiqueJudge(options: CritiqueJudgeOptions): Judge<CritiqueJudgment> {
  const keyOf = createJudgeKeys(options);
  return {
    name: options.name,
    async judge(item, { tier }, call) {
      const chain = await runChain(options, item, tier, call);
      if (!chain.ok) return chain;
      const { steps, flags } = chain;
      const checked = await checkRevision({ gate: options.gate, item, steps, tier }, call);
      const trail = [...chain.trail, ...checked.trail];
      if (!checked.ok) return { ok: false, problem: checked.problem, trail };
      const { improvement } = checked;
      return { ok: true, judgment: { key: keyOf('one', chain.trail), steps, improvement, flags }, trail };
    },
  };
}

type Chain =
  | {
      readonly ok: true;
      readonly steps: readonly CritiqueStep[];
      readonly flags: readonly Flag[];
      readonly trail: readonly TrailEntry[];
    }
  | { readonly ok: false; readonly problem: Problem; readonly trail: readonly TrailEntry[] };

async function runChain(options: CritiqueJudgeOptions, item: Item, tier: string, call: Call): Promise<Chain> {
  const { constitution, revise = 0, evidence = false } = item.wishes ?? {};
  if (constitution === undefined) return { ok: false, problem: NO_CONSTITUTION, trail: [] };
  const trail: TrailEntry[] = [];
  const steps: CritiqueStep[] = [];
  const flags = new Set<Flag>();
  let [response = ''] = item.candidates;
  for (const principle of principlesFor(constitution, Math.max(1, revise), seedOf(item))) {
    const round: Round = { item, response, constitution, principle, wantsEvidence: evidence };
    const made = await runRound(
      options,
      { round, tier, number: steps.length + 1, isRevised: revise > 0 },
      call,
    );
    trail.push(...made.trail);
    if (!made.ok) return { ok: false, problem: made.problem, trail };
    if (made.dropped > 0) flags.add('evidence_dropped');
    steps.push(made.step);
    response = made.step.revision ?? response;
  }
  return { ok: true, steps, flags: [...flags], trail };
}

const NO_CONSTITUTION: Problem = {
  code: 'invalid_request',
  message: 'there is no constitution: name one in the item or in the policy',
  param: null,
};

interface RoundTask {
  readonly round: Round;
  readonly tier: string;
  /** From 1. */
  readonly number: number;
  readonly isRevised: boolean;
}

type RoundResult =
  | {
      readonly ok: true;
      readonly step: CritiqueStep;
      /** Quotes that were not in the response. */
      readonly dropped: number;
      readonly trail: readonly TrailEntry[];
    }
  | { readonly ok: false; readonly problem: Problem; readonly trail: readonly TrailEntry[] };

async function runRound(options: CritiqueJudgeOptions, task: RoundTask, call: Call): Promise<RoundResult> {
  const { template, fence, maxTokens, temperature } = options;
  const { round, tier, number, isRevised } = task;
  const messages = renderCritique(template, round, fence);
  const first = await write(
    options,
    { messages, tier, part: `critique ${number}`, maxTokens, temperature },
    call,
  );
  if (!first.ok) return { ok: false, problem: first.problem, trail: [first.entry] };
  const written = first.value;
  if (isRefusal(written.text)) {
    const entry = { ...first.entry, problem: REFUSED };
    return { ok: false, problem: REFUSED, trail: [entry] };
  }
  const found = evidenceOf(written.text, round.response);
  const step: CritiqueStep = {
    principle: round.principle.id,
    response: round.response,
    critique: found.critique,
    evidence: round.wantsEvidence ? found.spans : null,
    revision: null,
    reasoning: shortened(written.reasoning),
    cost: first.entry.cost,
  };
  const dropped = round.wantsEvidence ? found.dropped : 0;
  if (!isRevised) return { ok: true, step, dropped, trail: [first.entry] };
  const asked = renderRevision(template, round, written.text, fence);
  const second = await write(
    options,
    { messages: asked, tier, part: `revision ${number}`, maxTokens, temperature },
    call,
  );
  const trail = [first.entry, second.entry];
  if (!second.ok) return { ok: false, problem: second.problem, trail };
  const revised: CritiqueStep = {
    ...step,
    revision: second.value.text,
    reasoning: joined(step.reasoning, shortened(second.value.reasoning)),
    cost: addCosts(trail.map(({ cost }) => cost)),
  };
  return { ok: true, step: revised, dropped, trail };
}

/** A revision may rightly be a refusal; a critique that is one criticises nothing. */
function isRefusal(critique: string): boolean {
  return critique.length < LONGEST_REFUSAL && REFUSAL.test(critique);
}

const REFUSAL = /^(?:i['’]m sorry|i am sorry|sorry,|i can(?:no|['’])t (?:help|assist|do|comply|fulfil))/i;
const LONGEST_REFUSAL = 240;

const REFUSED: Problem = {
  code: 'refused',
  message: 'the model refused to criticise the response',
  param: null,
};

function shortened(reasoning: string | null): string | null {
  return reasoning?.slice(0, MOST_REASONING) ?? null;
}

function joined(one: string | null, other: string | null): string | null {
  if (one === null || other === null) return one ?? other;
  return `${one}\n\n${other}`;
}

interface Check {
  readonly gate: Judge | null;
  readonly item: Item;
  readonly steps: readonly CritiqueStep[];
  readonly tier: string;
}

type Checked =
  | { readonly ok: true; readonly improvement: number | null; readonly trail: readonly TrailEntry[] }
  | { readonly ok: false; readonly problem: Problem; readonly trail: readonly TrailEntry[] };

/** P(after is better than before), half of a tie included. */
async function checkRevision({ gate, item, steps, tier }: Check, call: Call): Promise<Checked> {
  const after = steps.at(-1)?.revision ?? null;
  if (gate === null || after === null) return { ok: true, improvement: null, trail: [] };
  const [before = ''] = item.candidates;
  if (after === before) return { ok: true, improvement: 0.5, trail: [] };
  const { id, prompt, rubric, metadata } = item;
  const pair: Item = { id, prompt, candidates: [before, after], rubric, metadata };
  const reply = await gate.judge(pair, { tier }, call);
  const trail = reply.trail.map((entry) => ({ ...entry, part: 'check' }));
  if (!reply.ok) return { ok: false, problem: reply.problem, trail };
  const { b, tie } = reply.judgment.probabilities;
  return { ok: true, improvement: b + tie / 2, trail };
}
