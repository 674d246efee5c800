import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JudgedItem, Opinion, PolicyAnswer } from '../../contracts/evaluation.ts';
import type { RunningGateway } from '../../contracts/program.ts';
import { judgeKeyOf } from '../../domain/judge-key.ts';
import { CommandError, EXIT, usageError } from '../exit.ts';
import type { Format } from '../label/input.ts';
import { splitLines } from '../label/lines.ts';
import type { Progress } from '../label/progress.ts';
import { parseRow } from '../label/row.ts';
import { labelFile, type LabelTask } from '../label/run.ts';
import { readVerdict } from './verdict-row.ts';

/**
 * Asking judges and policies about the pairs of a file, as `assay label` does: over HTTP, so many at once,
 * with retries, and without asking twice for what a work folder holds already.
 */
export interface GatherTask {
  readonly input: string;
  readonly format: Format;
  readonly rubric: string | null;
  readonly limit: number;
  readonly concurrency: number;
  readonly giveUpAfterMs: number;
  readonly simulated: boolean;
  /** Folder that keeps what was said; null for one that goes when the command ends. */
  readonly work: string | null;
}

export interface GatherControl {
  readonly gateway: RunningGateway;
  progress(): Progress;
  readonly stop: AbortSignal;
  readonly abort: AbortSignal;
}

/** Policy that asks one judge alone; own gateways offer it for every judge. */
export function judgePolicy(judge: string): string {
  return `judge:${judge}`;
}

/** The items with what these judges said; a judge's own run counts more than a part in a policy's trail. */
export async function askJudges(
  items: readonly JudgedItem[],
  judges: readonly string[],
  task: GatherTask,
  control: GatherControl,
): Promise<JudgedItem[]> {
  const unknown = judges.filter((judge) => !(judgePolicy(judge) in control.gateway.plans));
  if (unknown.length > 0) throw usageError(unknownJudges(unknown, control.gateway));
  let judged = [...items];
  for (const judge of judges) {
    const said = await askPolicy(judgePolicy(judge), task, control);
    const parts = control.gateway.judgeParts[judge];
    judged = judged.map((item) => withOpinions(item, wholeKeys(said.get(item.line)?.opinions, parts)));
  }
  return judged;
}

/** The items with the policy's answers, and with the opinions of the judges that it asked. */
export async function askPolicyAbout(
  items: readonly JudgedItem[],
  policy: string,
  task: GatherTask,
  control: GatherControl,
): Promise<JudgedItem[]> {
  const said = await askPolicy(policy, task, control);
  return items.map((item) => {
    const verdict = said.get(item.line);
    return verdict === undefined
      ? item
      : { ...withOpinions(item, verdict.opinions), verdict: verdict.answer };
  });
}

/** Opinions under the judge's full key: a trail lacks the kind of its engine and the hash of its template. */
function wholeKeys(
  opinions: ReadonlyMap<string, Opinion> = new Map(),
  parts: RunningGateway['judgeParts'][string] | undefined,
): Map<string, Opinion> {
  const whole = ({ judgment, ...rest }: Opinion): Opinion => ({
    ...rest,
    judgment: { ...judgment, key: judgeKeyOf({ ...judgment.key.parts, ...parts }) },
  });
  return new Map([...opinions].map(([name, opinion]) => [name, whole(opinion)]));
}

function withOpinions(item: JudgedItem, more: ReadonlyMap<string, Opinion>): JudgedItem {
  return { ...item, opinions: new Map([...item.opinions, ...more]) };
}

function unknownJudges(unknown: readonly string[], { plans }: RunningGateway): string {
  const known = Object.keys(plans).flatMap((name) => (name.startsWith('judge:') ? [name.slice(6)] : []));
  return unknown
    .map((judge) => `there is no judge "${judge}"; the configuration has ${known.join(', ')}`)
    .join('\n');
}

interface Said {
  readonly opinions: ReadonlyMap<string, Opinion>;
  readonly answer: PolicyAnswer;
}

/** What the policy said, by line of the input. */
async function askPolicy(
  policy: string,
  task: GatherTask,
  control: GatherControl,
): Promise<Map<number, Said>> {
  const folder = task.work ?? mkdtempSync(join(tmpdir(), 'assay-evaluate-'));
  mkdirSync(folder, { recursive: true });
  try {
    const output = join(folder, `${policy.replaceAll(/[:/]/g, '-')}.jsonl`);
    const progress = control.progress();
    if (task.work !== null) progress.note(`${policy}: kept in ${output}`);
    const { url, apiKey } = control.gateway;
    const connect = async () => ({ url, apiKey, close: async () => undefined });
    const { tally } = await labelFile(labelTask(output, policy, task), { ...control, progress, connect });
    if (tally === null) throw interrupted(task);
    return await readSaid(output);
  } finally {
    if (task.work === null) rmSync(folder, { recursive: true, force: true });
  }
}

function labelTask(output: string, policy: string, task: GatherTask): LabelTask {
  const { input, format, rubric, limit, concurrency, giveUpAfterMs, simulated } = task;
  return {
    input,
    output,
    format,
    outputFormat: 'assay',
    task: 'preference',
    policy,
    rubric,
    simulated,
    concurrency,
    limit,
    restart: false,
    giveUpAfterMs,
  };
}

function interrupted({ work }: GatherTask): CommandError {
  const advice = work === null ? 'with --work DIR a run can go on' : 'run the same command again to go on';
  return new CommandError(EXIT.interrupted, `interrupted; ${advice}`);
}

const LONGEST_ROW = 4 * 1024 * 1024;

async function readSaid(path: string): Promise<Map<number, Said>> {
  const said = new Map<number, Said>();
  for await (const { bytes } of splitLines(path, LONGEST_ROW)) {
    const row = bytes === null ? null : parseRow(bytes.toString('utf8'));
    const read = row === null ? null : readVerdict(row);
    if (row !== null && read !== null) said.set(row.line, read);
  }
  return said;
}
