import { kindOf } from './compose-engines.ts';
import { need } from './compose-parts.ts';
import type { LoadedConfig } from './config/loader.ts';
import type { Engine } from './contracts/engine.ts';
import type { Judge } from './contracts/judge.ts';
import type { CritiqueJudgment } from './domain/critique.ts';
import type { ScoreJudgment } from './domain/score.ts';
import { createCritiqueJudge } from './judging/critique-judge.ts';
import type { Fence } from './judging/fence.ts';
import { createPreferenceJudge } from './judging/preference-judge.ts';
import { createScoreJudge } from './judging/score-judge.ts';

/** The configured judges by name, apart by what they do: the task of their prompt. */
export interface Judges {
  readonly preference: ReadonlyMap<string, Judge>;
  readonly score: ReadonlyMap<string, Judge<ScoreJudgment>>;
  /** Each to be made with the judge that compares before and after. */
  readonly critique: ReadonlyMap<string, (gate: Judge | null) => Judge<CritiqueJudgment>>;
}

export function createJudges(
  { config, templates }: LoadedConfig,
  engines: ReadonlyMap<string, Engine>,
  fence: Fence,
): Judges {
  const preference = new Map<string, Judge>();
  const score = new Map<string, Judge<ScoreJudgment>>();
  const critique = new Map<string, (gate: Judge | null) => Judge<CritiqueJudgment>>();
  for (const [name, { engine: id, prompt, orders, maxTokens, temperature }] of Object.entries(
    config.judges,
  )) {
    const template = need(templates.find(prompt), prompt);
    const engineKind = kindOf(need(config.engines[id], id));
    const options = { name, engine: need(engines.get(id), id), engineKind, template, fence };
    if (template.task === 'preference') preference.set(name, createPreferenceJudge({ ...options, orders }));
    if (template.task === 'score') score.set(name, createScoreJudge(options));
    if (template.task === 'critique') {
      critique.set(name, (gate) => createCritiqueJudge({ ...options, maxTokens, temperature, gate }));
    }
  }
  return { preference, score, critique };
}
