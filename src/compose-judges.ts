import { kindOf } from './compose-engines.ts';
import { need } from './compose-parts.ts';
import type { LoadedConfig } from './config/loader.ts';
import type { Config, EngineConfig } from './config/schema.ts';
import type { Clock, Random } from './contracts/clock.ts';
import type { Engine } from './contracts/engine.ts';
import type { Gather } from './contracts/gathering.ts';
import type { Judge } from './contracts/judge.ts';
import type { CritiqueJudgment } from './domain/critique.ts';
import type { ReasonSettings } from './domain/judge-key.ts';
import type { ScoreJudgment } from './domain/score.ts';
import { createGatherer } from './batching/gatherer.ts';
import type { RoomLimits } from './batching/waiting-room.ts';
import type { PromptTemplate } from './domain/template.ts';
import { createCritiqueJudge } from './judging/critique-judge.ts';
import type { Fence } from './judging/fence.ts';
import { createPreferenceJudge } from './judging/preference-judge.ts';
import { createScoreJudge } from './judging/score-judge.ts';
import { createSeveralJudge, isForSeveral } from './judging/several-judge.ts';

/** The configured judges by name, apart by what they do: the task of their prompt. */
export interface Judges {
  readonly preference: ReadonlyMap<string, Judge>;
  readonly score: ReadonlyMap<string, Judge<ScoreJudgment>>;
  /** Each to be made with the judge that compares before and after. */
  readonly critique: ReadonlyMap<string, (gate: Judge | null) => Judge<CritiqueJudgment>>;
}

export interface JudgeParts {
  readonly fence: Fence;
  readonly clock: Clock;
  readonly random: Random;
}

export function createJudges(
  { config, templates }: LoadedConfig,
  engines: ReadonlyMap<string, Engine>,
  { fence, clock, random }: JudgeParts,
): Judges {
  const preference = new Map<string, Judge>();
  const score = new Map<string, Judge<ScoreJudgment>>();
  const critique = new Map<string, (gate: Judge | null) => Judge<CritiqueJudgment>>();
  for (const [name, judge] of Object.entries(config.judges)) {
    const { engine: id, prompt, orders, maxTokens, temperature, itemsPerPrompt } = judge;
    const template = need(templates.find(prompt), prompt);
    const engineConfig = need(config.engines[id], id);
    const engineKind = kindOf(engineConfig);
    const reasons = reasonsOf(judge, template);
    const options = { name, engine: need(engines.get(id), id), engineKind, template, fence, reasons };
    if (template.task === 'preference') {
      const gather: Gather = (ask) => createGatherer(roomOf(engineConfig, itemsPerPrompt), ask, clock);
      const several = { itemsPerPrompt, gather, random };
      preference.set(
        name,
        isForSeveral(template)
          ? createSeveralJudge({ ...options, template, orders, ...several })
          : createPreferenceJudge({ ...options, orders }),
      );
    }
    if (template.task === 'score') score.set(name, createScoreJudge(options));
    if (template.task === 'critique') {
      critique.set(name, (gate) => createCritiqueJudge({ ...options, maxTokens, temperature, gate }));
    }
  }
  return { preference, score, critique };
}

/** Items wait for company in their prompt as questions do for company in their call. */
function roomOf({ coalesce: { windowMs, tokens } }: EngineConfig, itemsPerPrompt: number): RoomLimits {
  return { windowMs, tokens, maximum: itemsPerPrompt };
}

/** How a judge comes to its label; a prompt that asks for the label in a turn of its own wants reasons before. */
export function reasonsOf(
  { reasoning, maxTokens, temperature }: Config['judges'][string],
  { answer }: PromptTemplate,
): ReasonSettings {
  return { reasoning: reasoning ?? (answer === undefined ? 'none' : 'brief'), maxTokens, temperature };
}
