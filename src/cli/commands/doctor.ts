import type { Command } from 'commander';
import { z } from 'zod';
import type { ReplicaReport, ReplicaState } from '../../contracts/engine.ts';
import type { EngineStatus } from '../../contracts/program.ts';
import { withConfig } from '../config-problems.ts';
import type { CommandContext } from '../context.ts';
import { EXIT } from '../exit.ts';
import { DEFAULT_CONFIG } from '../gateway.ts';
import { number, readOptions } from '../options.ts';
import { formatCount } from '../print/numbers.ts';
import type { Paint } from '../print/paint.ts';
import { type Column, renderTable } from '../print/table.ts';

const optionsSchema = z.object({
  config: z.string(),
  timeout: number(0.1, 3600),
  json: z.boolean().default(false),
});

const HELP = `
Checks for every replica whether it answers, serves the model, knows each label as a single token, and gives
finite and repeatable probabilities. Exit code 1 when a replica is not ready.
`;

export function addDoctorCommand(root: Command, { io, program, paint, exit }: CommandContext): void {
  root
    .command('doctor')
    .description('check the engines of a configuration')
    .option('--config <file>', 'configuration file', DEFAULT_CONFIG)
    .option('--timeout <seconds>', 'how long engines may take to become ready', '60')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action(async (values: unknown) => {
      const { config, timeout, json } = readOptions(optionsSchema, values);
      const engines = await withConfig(config, () => program.doctor(config, timeout * 1000));
      io.stdout.write(json ? `${JSON.stringify(engines, null, 2)}\n` : renderEngines(engines, paint));
      const isWell = engines.every(
        ({ replicas }) => replicas.length > 0 && replicas.every(({ ready }) => ready),
      );
      exit(isWell ? EXIT.ok : EXIT.failures);
    });
}

const COLUMNS: readonly Column[] = [
  { title: 'replica' },
  { title: 'ready' },
  { title: 'context', align: 'right' },
  { title: 'labels' },
  { title: 'logprobs' },
  { title: 'finite' },
  { title: 'repeatable' },
  { title: 'version' },
  { title: 'fingerprint' },
];

function renderEngines(engines: readonly EngineStatus[], paint: Paint): string {
  const replicas = engines.flatMap((engine) => engine.replicas);
  const ready = replicas.filter((replica) => replica.ready).length;
  const verdict = `${ready} of ${replicas.length} replicas ready`;
  const colour = ready === replicas.length ? 'green' : 'red';
  return `${engines.map((engine) => renderEngine(engine, paint)).join('\n')}\n${paint(colour, verdict)}\n`;
}

function renderEngine({ engine, kind, model, replicas }: EngineStatus, paint: Paint): string {
  const heading = `${paint('bold', engine)}  ${kind}, model ${model}\n`;
  const rows = replicas.map((replica) => replicaRow(replica, paint));
  const reasons = replicas.map((replica) => reasonLine(replica, paint)).join('');
  return `${heading}${renderTable(COLUMNS, rows, paint)}${capabilityLines(replicas)}${reasons}`;
}

/** What the replicas can do, once where all can do the same. */
function capabilityLines(replicas: readonly ReplicaState[]): string {
  const texts = replicas.flatMap(({ report }) => (report === null ? [] : [capabilityText(report)]));
  return [...new Set(texts)].map((text) => `  can: ${text}\n`).join('');
}

function capabilityText({ capabilities, reportsCachedTokens }: ReplicaReport): string {
  const { topLogprobs, tokenizer, promptArrays, labelBatch, structuredOutput, priority, cacheSalt, load } =
    capabilities;
  const abilities: readonly (readonly [name: string, can: boolean])[] = [
    [`${topLogprobs} top log-probabilities`, topLogprobs > 0],
    ['tokenizer', tokenizer],
    ['prompt arrays', promptArrays],
    ['label batches', labelBatch > 0],
    ['structured output', structuredOutput],
    ['priority', priority],
    ['cache salt', cacheSalt],
    ['cached tokens', reportsCachedTokens],
    ['load', load],
  ];
  const list = (wanted: boolean): string =>
    abilities.flatMap(([name, can]) => (can === wanted ? [name] : [])).join(', ');
  const lacking = list(false);
  return lacking === '' ? list(true) : `${list(true) || 'generate'}; not: ${lacking}`;
}

function replicaRow({ url, ready, report }: ReplicaState, paint: Paint): string[] {
  if (report === null) return [url, yesNo(ready, paint), '–', '–', '–', '–', '–', '–', '–'];
  return [
    url,
    yesNo(ready, paint),
    report.maxModelTokens === null ? '–' : formatCount(report.maxModelTokens),
    labelsText(report, paint),
    report.route ?? '–',
    yesNo(report.finite, paint),
    repeatText(report, paint),
    report.version ?? '–',
    report.fingerprint ?? '–',
  ];
}

function reasonLine({ name, ready, reason }: ReplicaState, paint: Paint): string {
  if (ready) return '';
  return `  ${paint('red', `${name} is not ready:`)} ${reason ?? 'no reason given'}\n`;
}

/** How many labels were found, or those that are no single token. A set without any id is known by its texts. */
function labelsText({ labels }: ReplicaReport, paint: Paint): string {
  const sets = Object.values(labels).map((set) => Object.entries(set));
  const [byId, byText] = [sets.filter(hasIds).flat(), sets.filter((set) => !hasIds(set)).flat()];
  const missing = byId.filter(([, ids]) => ids.length === 0).map(([label]) => label);
  if (missing.length > 0) return paint('red', `no ${[...new Set(missing)].join(', ')}`);
  const found = byId.length > 0 || byText.length === 0 ? [`${byId.length} found`] : [];
  return [...found, ...(byText.length > 0 ? [`${byText.length} by text`] : [])].join(', ');
}

function hasIds(set: readonly (readonly [string, readonly number[]])[]): boolean {
  return set.some(([, ids]) => ids.length > 0);
}

/** Engines that batch differ in the last digits from call to call; more than this changes labels. */
const LARGEST_REPEAT_ERROR_NATS = 0.02;

function repeatText({ repeatError }: ReplicaReport, paint: Paint): string {
  if (repeatError === 0) return 'exact';
  const text = `±${repeatError.toPrecision(2)} nat`;
  return repeatError > LARGEST_REPEAT_ERROR_NATS ? paint('yellow', text) : text;
}

function yesNo(value: boolean, paint: Paint): string {
  return value ? paint('green', 'yes') : paint('red', 'no');
}
