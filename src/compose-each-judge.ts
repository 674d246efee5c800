import type { ConfigSource } from './compose-gateway.ts';
import type { LoadedConfig } from './config/loader.ts';
import { configSchema } from './config/schema.ts';
import { ConfigError, type JudgeVariants } from './contracts/program.ts';

/**
 * The source with one more policy for each judge, which asks that judge alone and releases all it says; with
 * `variants` also for one judge with other prompts. Loading throws `ConfigError` for a judge or prompt that is not there.
 */
export function withEachJudge(source: ConfigSource, variants?: JudgeVariants): ConfigSource {
  return {
    ...source,
    load() {
      const loaded = source.load();
      return addJudgePolicies(variants === undefined ? loaded : addVariants(loaded, variants));
    },
  };
}

function addJudgePolicies(loaded: LoadedConfig): LoadedConfig {
  const { config } = loaded;
  const policy = configSchema.shape.policies.valueType.parse({
    // Only a name that fits: variants have names that nobody could configure.
    tiers: ['alone'],
    abstainBelow: 0,
    // What a judge costs and how it repeats itself is to be measured.
    cache: { ttlMs: 0 },
  });
  const alone = Object.keys(config.judges).map((judge): [string, typeof policy] => [
    `judge:${judge}`,
    { ...policy, tiers: [judge] },
  ]);
  return { ...loaded, config: { ...config, policies: { ...config.policies, ...Object.fromEntries(alone) } } };
}

/** Names of judges have no slash, those of prompts have one, so neither hides the other. */
function addVariants(loaded: LoadedConfig, { judge, prompts }: JudgeVariants): LoadedConfig {
  const { config } = loaded;
  const base = config.judges[judge];
  const problems = prompts.flatMap((prompt) => promptProblem(loaded, prompt));
  if (base === undefined) {
    problems.unshift(`there is no judge "${judge}"; there are ${Object.keys(config.judges).join(', ')}`);
  }
  if (base === undefined || problems.length > 0) {
    const told = problems.map((message) => ({ path: '', line: null, column: null, message }));
    throw new ConfigError('', told);
  }
  // Whether reasons come first is the template's to say.
  const { reasoning: _, ...rest } = base;
  const variants = prompts.map((prompt) => [prompt, { ...rest, prompt }] as const);
  return { ...loaded, config: { ...config, judges: { ...config.judges, ...Object.fromEntries(variants) } } };
}

function promptProblem({ templates }: LoadedConfig, prompt: string): string[] {
  const template = templates.find(prompt);
  const known = templates.references.filter((reference) => templates.find(reference)?.task === 'preference');
  if (template === undefined) return [`there is no prompt "${prompt}"; there are ${known.join(', ')}`];
  return template.task === 'preference'
    ? []
    : [`the prompt ${prompt} is for the task ${template.task}, not for pairs`];
}
