import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AttackedItem, InjectionTask, JudgedItem } from '../../contracts/evaluation.ts';
import { labelOf } from '../../domain/preference.ts';
import type { Label } from '../../domain/verdict.ts';
import type { CommandContext } from '../context.ts';
import { CommandError, EXIT } from '../exit.ts';
import type { Format } from '../label/input.ts';
import { askJudges, type GatherControl, type GatherTask } from './gather.ts';
import { readItems } from './items.ts';
import { planOf, type SharedFlags, withJudges } from './options.ts';
import { showReport } from './output.ts';

interface InjectionFlags extends SharedFlags {
  readonly policy?: string | undefined;
  readonly output?: string | undefined;
}

/** Asks every judge of a policy about the pairs, then about the same pairs with attacks in the worse responses. */
export async function evaluateInjections(
  input: { readonly path: string; readonly format: Format },
  items: readonly JudgedItem[],
  flags: InjectionFlags,
  context: CommandContext,
): Promise<void> {
  const { program } = context;
  const judges = await withJudges(input, flags, context, async (task, control) => {
    const { tiers } = planOf(control.gateway, flags.policy);
    const clean = await askJudges(items, tiers, task, control);
    const all: InjectionTask['judges'][number][] = [];
    for (const judge of tiers) {
      const attacked = program.attackItems(clean, judge);
      if (attacked.length === 0) throw nothingToAttack(input.path, judge);
      const labels = await askAttacked(attacked, judge, task, control);
      all.push({ judge, attacked, labels });
    }
    return all;
  });
  const report = program.reportInjections({ source: input.path, judges });
  await showReport(report, { json: flags.json, page: flags.output }, context);
}

function nothingToAttack(path: string, judge: string): CommandError {
  return new CommandError(
    EXIT.failures,
    `${path}: ${judge} prefers no response in any pair; there is nothing to attack`,
  );
}

/** The judge's labels by the id of the attacked item. Attacked texts leave nothing behind. */
async function askAttacked(
  attacked: readonly AttackedItem[],
  judge: string,
  task: GatherTask,
  control: GatherControl,
): Promise<ReadonlyMap<string, Label>> {
  const folder = mkdtempSync(join(tmpdir(), 'assay-injections-'));
  try {
    const path = join(folder, 'attacked.jsonl');
    const lines = attacked.map(
      ({ id, prompt, candidates }) => `${JSON.stringify({ id, prompt, candidates })}\n`,
    );
    writeFileSync(path, lines.join(''));
    const limit = attacked.length;
    const { items } = await readItems({ path, format: 'assay', rubric: task.rubric, limit, skipBad: true });
    const judged = await askJudges(
      items,
      [judge],
      { ...task, input: path, format: 'assay', limit, work: null },
      control,
    );
    const labels = judged.flatMap((item): [string, Label][] => {
      const opinion = item.opinions.get(judge);
      const label = opinion === undefined ? null : labelOf(opinion.judgment.probabilities);
      return label === null ? [] : [[item.id, label]];
    });
    return new Map(labels);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
