import type { Command } from 'commander';
import { z } from 'zod';
import type { JudgedItem } from '../../contracts/evaluation.ts';
import type { CommandContext } from '../context.ts';
import { evaluateBias } from '../evaluate/bias.ts';
import { askJudges, askPolicyAbout } from '../evaluate/gather.ts';
import { evaluateInjections } from '../evaluate/injections.ts';
import {
  addPolicyOptions,
  addSharedOptions,
  nameList,
  optionalName,
  planOf,
  policyShape,
  readInput,
  withJudges,
} from '../evaluate/options.ts';
import { showReport } from '../evaluate/output.ts';
import { requireOpinions, requireReference, requireTexts, toReference } from '../evaluate/requirements.ts';
import { usageError } from '../exit.ts';
import type { Format } from '../label/input.ts';
import { number, readOptions, wholeNumber } from '../options.ts';

const optionsSchema = z.object({
  ...policyShape,
  tiers: nameList.optional(),
  acceptAt: number(0, 1),
  injections: z.boolean().default(false),
  bias: z.boolean().default(false),
  repeats: wholeNumber(1, 20),
  output: optionalName,
  cache: z.boolean().default(false),
  cacheError: number(0.001, 0.2),
  cacheSimilarity: number(0.5, 0.999),
});
type EvaluateFlags = z.output<typeof optionsSchema>;

const HELP = `
Asks a policy, and every judge of its tiers alone, about the pairs, and compares its labels with a reference
judge (by default the last tier) or with gold labels (--reference gold; columns "gold", "human" or "label",
or the chosen answer of trl and hh rows). Intervals are 95 %, by bootstrap over prompts.
Judged files need no configuration: name the tiers, and a cascade is played on what was recorded.

Examples:
  assay evaluate pairs.jsonl --config assay.yaml --policy default --reference gold -o report.html
  assay evaluate pairs.jsonl --config assay.yaml --injections --limit 100
  assay evaluate pairs.jsonl --config assay.yaml --bias --repeats 3 -o biases.html
  assay evaluate judged.jsonl --tiers mistral-7b-instruct,gpt-4-turbo --accept-at 0.9 --cost-ratio 0.05
`;

export function addEvaluateCommand(root: Command, context: CommandContext): void {
  const command = root
    .command('evaluate')
    .description('a policy against gold labels or a reference judge, with baselines and intervals')
    .argument('<in>', 'pairs or judged items, as JSONL')
    .option('--tiers <names>', 'judged files: judges cheap to strong; with --bias the judges, of any input')
    .option('--accept-at <x>', 'judged files: confidence at which a tier but the last is final', '0.9')
    .option(
      '--injections',
      'attack the responses that each judge calls worse, and count the verdicts that turn',
    )
    .option('--bias', 'position, length, own family, run to run: what moves each judge besides quality')
    .option('--repeats <n>', 'with --bias: times that each pair is asked', '2')
    .option('--cache', 'what labels of similar items (the semantic cache) would have done, too')
    .option('--cache-error <share>', 'with --cache: its maxError', '0.02')
    .option('--cache-similarity <cosine>', 'with --cache: its minSimilarity', '0.9')
    .option('-o, --output <file>', 'HTML report with plots');
  addSharedOptions(addPolicyOptions(command))
    .addHelpText('after', HELP)
    .action(async (input: string, values: unknown) => {
      await evaluate(input, readOptions(optionsSchema, values), context);
    });
}

/** A policy's answers, or judgments on which one is to be played. */
interface Subject {
  readonly items: readonly JudgedItem[];
  readonly policy: string;
  readonly tiers: readonly string[];
}

async function evaluate(path: string, flags: EvaluateFlags, context: CommandContext): Promise<void> {
  const { items, pairs } = await readInput(path, flags, context);
  if (flags.injections) {
    if (pairs === null)
      throw usageError(`${path} holds judgments; --injections asks judges about pairs with texts`);
    await evaluateInjections({ path, format: pairs }, items, flags, context);
    return;
  }
  if (flags.bias) {
    await evaluateBias({ path, format: pairs }, items, flags, context);
    return;
  }
  const subject =
    pairs === null
      ? recordedSubject(path, items, flags, context)
      : await askedSubject({ path, format: pairs }, items, flags, context);
  const { policy, tiers } = subject;
  const reference = toReference(flags.reference ?? tiers.at(-1) ?? 'gold');
  requireOpinions(path, subject.items, tiers);
  requireReference(path, subject.items, reference);
  const { resamples, seed, costRatio = null, json, output: page } = flags;
  const task = { source: path, policy, tiers, reference, costRatio, resamples, seed };
  if (flags.cache) requireTexts(path, subject.items);
  const plan = { maxError: flags.cacheError, floor: flags.cacheSimilarity, seed };
  const similar = flags.cache ? await context.program.replaySimilar(subject.items, plan) : null;
  const report = context.program.evaluate(subject.items, similar === null ? task : { ...task, similar });
  await showReport(report, { json, page }, context);
}

function recordedSubject(
  path: string,
  items: readonly JudgedItem[],
  { tiers, acceptAt, policy }: EvaluateFlags,
  { program }: CommandContext,
): Subject {
  if (tiers === undefined) {
    throw usageError(`${path} holds judgments; name the judges cheap to strong, as --tiers small,large`);
  }
  requireOpinions(path, items, tiers);
  if (items.every((item) => item.verdict !== null)) return { items, tiers, policy: policy ?? 'as judged' };
  const name = `accept at ${acceptAt}`;
  return { items: program.playCascade(items, { tiers, acceptAt }), tiers, policy: policy ?? name };
}

async function askedSubject(
  input: { readonly path: string; readonly format: Format },
  items: readonly JudgedItem[],
  flags: EvaluateFlags,
  context: CommandContext,
): Promise<Subject> {
  return withJudges(input, flags, context, async (task, control) => {
    const { policy, tiers } = planOf(control.gateway, flags.policy);
    const answered = await askPolicyAbout(items, policy, task, control);
    const incomplete = tiers.filter((tier) => answered.some((item) => !isWhole(item, tier)));
    const reference = toReference(flags.reference ?? tiers.at(-1) ?? 'gold');
    const own = reference.type === 'judge' ? [reference.name] : [];
    const judged = await askJudges(answered, [...new Set([...incomplete, ...own])], task, control);
    return { items: judged, policy, tiers };
  });
}

/** What the policy bought already says all that the judge would say alone. */
function isWhole({ opinions }: JudgedItem, judge: string): boolean {
  return opinions.get(judge)?.judgment.readings.length === 2;
}
