import { join } from 'node:path';
import type { JudgedItem } from '../../contracts/evaluation.ts';
import { modelFamily } from '../../domain/model-family.ts';
import type { CommandContext } from '../context.ts';
import type { Format } from '../label/input.ts';
import { askJudges } from './gather.ts';
import { planOf, type SharedFlags, withJudges } from './options.ts';
import { showReport } from './output.ts';
import { requireOpinions } from './requirements.ts';

interface BiasFlags extends SharedFlags {
  readonly policy?: string | undefined;
  readonly tiers?: readonly string[] | undefined;
  readonly repeats: number;
  readonly output?: string | undefined;
}

/** Reports what moves judges besides quality: of a judged file, or of pairs that each judge is asked about again. */
export async function evaluateBias(
  input: { readonly path: string; readonly format: Format | null },
  items: readonly JudgedItem[],
  flags: BiasFlags,
  context: CommandContext,
): Promise<void> {
  const { path, format } = input;
  const { judges, runs } =
    format === null ? recorded(path, items, flags) : await asked({ path, format }, items, flags, context);
  const { resamples, seed, json, output: page } = flags;
  const report = context.program.reportBias(runs, { source: path, judges, resamples, seed });
  await showReport(report, { json, page }, context);
}

interface Judged {
  readonly judges: readonly { readonly name: string; readonly family: string | null }[];
  readonly runs: readonly (readonly JudgedItem[])[];
}

function recorded(path: string, items: readonly JudgedItem[], { tiers }: BiasFlags): Judged {
  const names = tiers ?? [...new Set(items.flatMap(({ opinions }) => [...opinions.keys()]))];
  requireOpinions(path, items, names);
  return { judges: names.map((name) => ({ name, family: familyIn(items, name) })), runs: [items] };
}

/** By the model that a trail names, or else by the judge's name. */
function familyIn(items: readonly JudgedItem[], judge: string): string | null {
  const model = items.find(({ opinions }) => opinions.has(judge))?.opinions.get(judge)?.identity?.model;
  return modelFamily(model ?? judge);
}

/** Every run asks anew: judges are asked alone, and their labels are not cached. */
async function asked(
  input: { readonly path: string; readonly format: Format },
  items: readonly JudgedItem[],
  flags: BiasFlags,
  context: CommandContext,
): Promise<Judged> {
  return withJudges(input, flags, context, async (task, control) => {
    const names = flags.tiers ?? planOf(control.gateway, flags.policy).tiers;
    const runs: JudgedItem[][] = [];
    for (let run = 1; run <= flags.repeats; run += 1) {
      const work = task.work !== null && run > 1 ? join(task.work, `run-${run}`) : task.work;
      runs.push(await askJudges(items, names, { ...task, work }, control));
    }
    const { families } = control.gateway;
    return { judges: names.map((name) => ({ name, family: families[name] ?? null })), runs };
  });
}
