import { kindOf } from './compose-engines.ts';
import { need } from './compose-parts.ts';
import { replayJudged } from './compose-semantic-replay.ts';
import type { LoadedConfig } from './config/loader.ts';
import type { Config } from './config/schema.ts';
import type { CascadePlan, JudgedItem } from './contracts/evaluation.ts';
import type { Program, RunningGateway } from './contracts/program.ts';
import { promptPartsOf } from './domain/judge-key.ts';
import { modelFamily } from './domain/model-family.ts';
import { reportBias } from './evaluation/bias/bias.ts';
import { compareJudges } from './evaluation/compare.ts';
import { evaluatePolicy } from './evaluation/evaluate.ts';
import { attackItems, reportInjections } from './evaluation/injections/injections.ts';
import { playCascade } from './evaluation/play.ts';
import { benchPrompts } from './evaluation/prompt-bench.ts';
import { thresholdRule } from './routing/threshold-rule.ts';

/** What the evaluating commands need. */
export const evaluationProgram: Pick<
  Program,
  | 'compareJudges'
  | 'reportBias'
  | 'benchPrompts'
  | 'evaluate'
  | 'replaySimilar'
  | 'attackItems'
  | 'reportInjections'
  | 'playCascade'
> = {
  compareJudges,
  reportBias,
  benchPrompts,
  evaluate: evaluatePolicy,
  replaySimilar: replayJudged,
  attackItems,
  reportInjections,
  playCascade: playThreshold,
};

/** Engine kind and template hash of every judge, as its key has them. */
export function judgePartsOf({ config, templates }: LoadedConfig): RunningGateway['judgeParts'] {
  const parts = Object.entries(config.judges).map(([name, { engine, prompt, itemsPerPrompt }]) => {
    const { promptHash } = promptPartsOf(need(templates.find(prompt), prompt), itemsPerPrompt);
    return [name, { engine: kindOf(need(config.engines[engine], engine)), promptHash }] as const;
  });
  return Object.fromEntries(parts);
}

/** Family of every judge: what its engine is said to be, or what the model's name tells. */
export function familiesOf(config: Config): RunningGateway['families'] {
  const families = Object.entries(config.judges).map(([name, judge]) => {
    const { family, model } = need(config.engines[judge.engine], judge.engine);
    return [name, family ?? modelFamily(model)] as const;
  });
  return Object.fromEntries(families);
}

function playThreshold(items: readonly JudgedItem[], { tiers, acceptAt }: CascadePlan): JudgedItem[] {
  const played = tiers.map((judge, index) => ({
    judge,
    rule: thresholdRule(index === tiers.length - 1 ? 0 : acceptAt),
  }));
  return playCascade(items, played);
}
