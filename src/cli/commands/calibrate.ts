import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { z } from 'zod';
import type { Calibration, JudgedItem, Reference } from '../../contracts/evaluation.ts';
import { ALL_ITEMS, STRATUM_DIMENSIONS } from '../../domain/stratum.ts';
import { holdsObservations } from '../calibrate/observations.ts';
import { certifyStrata, gatherObservations } from '../calibrate/observed.ts';
import type { CommandContext } from '../context.ts';
import { askJudges } from '../evaluate/gather.ts';
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
import { showStrata } from '../evaluate/strata-output.ts';
import { CommandError, EXIT, usageError } from '../exit.ts';
import type { Format } from '../label/input.ts';
import { number, readOptions } from '../options.ts';

/** A file has one rubric; each rubric is calibrated by a file of its own. */
const SPLITTING = STRATUM_DIMENSIONS.filter((dimension) => dimension !== 'rubric');

const optionsSchema = z.object({
  ...policyShape,
  team: z.string().min(1, 'is empty'),
  small: nameList.optional(),
  target: number(0.5, 0.9999),
  confidence: number(0.5, 0.9999),
  risk: z.enum(['marginal', 'selective'], 'must be marginal or selective'),
  train: number(0, 0.9),
  minCoverage: number(0, 0.95),
  output: z.string().min(1, 'is empty'),
  report: optionalName,
  heldOut: optionalName,
  gateway: nameList.optional(),
  key: optionalName,
  stratum: nameList.optional(),
  since: z.iso
    .datetime({ offset: true, error: 'must be a time such as 2026-11-24T09:00:00Z' })
    .transform((text) => Date.parse(text))
    .optional(),
  strata: nameList.pipe(z.array(z.enum(SPLITTING, `must be some of ${SPLITTING.join(', ')}`))).optional(),
});
type CalibrateFlags = z.output<typeof optionsSchema>;

const HELP = `
Certifies from which P(agree) on the small judges of a policy may release labels without the last one, so that
at least --target of all labels are the reference's with --confidence. The items must be a random sample of
the traffic that the certificate is for.
Judged files need no configuration: name the small judges and the reference.
With --gateway nothing is asked of any judge: what the policy of a running gateway observed of its own traffic
certifies (also as a file, saved from GET /admin/policies/{name}/observations of its admin API).

Exit codes: 0 certified, 1 refused (the reason is told), 2 wrong arguments or files, 3 and 130 stopped early.

Examples:
  assay calibrate pairs.jsonl --config assay.yaml --policy default -o certificate.json --report report.html
  assay calibrate judged.jsonl --small mistral-7b-instruct --reference gpt-4-turbo -o certificate.json
  assay calibrate --gateway http://127.0.0.1:8081 --policy default -o certificate.json --report report.html
`;

export function addCalibrateCommand(root: Command, context: CommandContext): void {
  const command = root
    .command('calibrate')
    .description('certify from which confidence on small judges may be trusted')
    .argument('[in]', 'pairs, judged items or observations, as JSONL')
    .option('--gateway <urls>', 'admin APIs of running gateways, in place of a file: what they observed')
    .option('--key <key>', 'admin key of the gateway (or ASSAY_ADMIN_KEY)')
    .option(
      '--stratum <names>',
      'observations: only these strata of the policy; -o and --report are folders for several',
    )
    .option('--since <time>', 'observations: only those from then on, such as 2026-11-24T09:00:00Z')
    .requiredOption('-o, --output <file>', 'where the certificate goes')
    .option('--report <file>', 'HTML report with plots')
    .option(
      '--strata <names>',
      `a certificate for each kind of item: ${SPLITTING.join(', ')}; -o and --report are folders`,
    )
    .option('--held-out <file>', 'items of a later evaluation: refuse when one of their prompts is here')
    .option('--team <name>', 'team that the certificate is for', 'default')
    .option('--small <names>', 'judged files: judges to trust, cheap to strong')
    .option('--target <share>', 'agreement to promise', '0.95')
    .option('--confidence <share>', 'probability with which it holds', '0.9')
    .option(
      '--risk <kind>',
      'marginal: over all labels; selective: over those released, stricter',
      'marginal',
    )
    .option('--train <share>', 'share of the items that trains the score instead of certifying', '0')
    .option('--min-coverage <share>', 'refuse a certificate that releases less than this', '0');
  addSharedOptions(addPolicyOptions(command))
    .addHelpText('after', HELP)
    .action(async (input: string | undefined, values: unknown) => {
      const flags = readOptions(optionsSchema, values);
      if (flags.gateway !== undefined && input !== undefined)
        throw usageError('give a file or --gateway, not both');
      if (input === undefined) await calibrateObserved(undefined, flags, context);
      else if (await holdsObservations(input)) await calibrateObserved(input, flags, context);
      else await calibrate(input, flags, context);
    });
}

interface Subject {
  readonly items: readonly JudgedItem[];
  readonly policy: string;
  readonly small: readonly string[];
  readonly reference: Reference;
}

async function calibrate(path: string, flags: CalibrateFlags, context: CommandContext): Promise<void> {
  const { items, pairs } = await readInput(path, flags, context);
  const subject =
    pairs === null
      ? recordedSubject(path, items, flags)
      : await askedSubject({ path, format: pairs }, items, flags, context);
  const { policy, small, reference } = subject;
  requireOpinions(path, subject.items, small);
  requireReference(path, subject.items, reference);
  const { strata = [] } = flags;
  const task = {
    ...taskOf(path, policy, flags),
    small,
    reference,
    heldOut: await heldOutOf(flags, context),
  };
  if (strata.length > 0) {
    requireTexts(path, subject.items);
    const results = context.program.calibrateStrata(subject.items, task, strata);
    await showStrata(results, { path, ...flags }, context);
    return;
  }
  const result = context.program.calibrate(subject.items, { ...task, stratum: ALL_ITEMS, sharedBy: 1 });
  await showCertificate(path, result, flags, context);
}

/** From what gateways observed: their own judges, strata and reference. */
async function calibrateObserved(
  path: string | undefined,
  flags: CalibrateFlags,
  context: CommandContext,
): Promise<void> {
  const { gateway: gateways = [], policy = 'default', stratum: wanted } = flags;
  const source = path ?? gateways.join(', ');
  if (source === '') throw usageError('name a file, or a running gateway with --gateway');
  refuseForeignOptions(flags);
  const observations = await gatherObservations({ ...flags, path, gateways, policy }, context);
  const task = taskOf(source, policy, flags);
  const strata = certifyStrata(observations, { strata: wanted, task }, context.program.calibrateObservations);
  const [only, ...others] = strata;
  if (only !== undefined && others.length === 0) await showCertificate(source, only.result, flags, context);
  else await showStrata(strata, { path: source, ...flags }, context);
}

/** Options that observations answer themselves. */
function refuseForeignOptions(flags: CalibrateFlags): void {
  const own = ['small', 'reference', 'strata', 'heldOut', 'config', 'work', 'rubric'] as const;
  const given = own
    .filter((name) => flags[name] !== undefined)
    .map((name) => name.replace('heldOut', 'held-out'));
  if (given.length === 0) return;
  throw usageError(
    `${given.map((name) => `--${name}`).join(', ')}: observations come with judges, strata and labels of their own`,
  );
}

function taskOf(source: string, policy: string, flags: CalibrateFlags) {
  const { team, target: agreement, confidence, risk, train, minCoverage, costRatio = null } = flags;
  const { resamples, seed } = flags;
  return {
    source,
    team,
    policy,
    agreement,
    confidence,
    risk,
    train,
    minimumCoverage: minCoverage,
    costRatio,
    resamples,
    seed,
    createdAt: Date.now(),
  };
}

async function showCertificate(
  path: string,
  result: Calibration,
  flags: CalibrateFlags,
  context: CommandContext,
): Promise<void> {
  if (!result.ok) {
    throw new CommandError(EXIT.failures, `${path}: no certificate: ${result.refusal.message}`);
  }
  await writeFile(flags.output, result.certificate);
  await showReport(result.report, { json: flags.json, page: flags.report }, context);
  if (!flags.json) context.io.stdout.write(`\nThe certificate is ${flags.output}\n`);
}

/** Prompts of a later evaluation: what made a certificate must not judge it. */
async function heldOutOf(flags: CalibrateFlags, context: CommandContext): Promise<string[]> {
  if (flags.heldOut === undefined) return [];
  const { items } = await readInput(flags.heldOut, { ...flags, format: 'auto', limit: undefined }, context);
  return items.map((item) => item.group);
}

function recordedSubject(path: string, items: readonly JudgedItem[], flags: CalibrateFlags): Subject {
  const { small, reference, policy = 'default' } = flags;
  if (small === undefined || reference === undefined) {
    throw usageError(
      `${path} holds judgments; name the judges with --small and what they should agree with with --reference`,
    );
  }
  if (small.includes(reference)) throw usageError(`--small: ${reference} is the reference itself`);
  return { items, policy, small, reference: toReference(reference) };
}

async function askedSubject(
  input: { readonly path: string; readonly format: Format },
  items: readonly JudgedItem[],
  flags: CalibrateFlags,
  context: CommandContext,
): Promise<Subject> {
  return withJudges(input, flags, context, async (task, control) => {
    const { policy, tiers } = planOf(control.gateway, flags.policy);
    const reference = toReference(flags.reference ?? tiers.at(-1) ?? 'gold');
    const small = (flags.small ?? tiers.slice(0, -1)).filter(
      (tier) => reference.type === 'gold' || tier !== reference.name,
    );
    if (small.length === 0)
      throw usageError(
        `policy ${policy} has no judge before ${tiers.at(-1) ?? 'its last'}; there is nothing to certify`,
      );
    const asked = reference.type === 'gold' ? small : [...small, reference.name];
    return { items: await askJudges(items, asked, task, control), policy, small, reference };
  });
}
