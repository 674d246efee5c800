import type { Observation } from '../../contracts/evidence.ts';
import { observationSchema, toObservation } from '../../wire/observation.ts';
import { type AdminAccess, askAdminText } from '../admin-client.ts';
import type { CommandContext } from '../context.ts';
import { CommandError, EXIT, type ExitCode } from '../exit.ts';
import { FileProblems } from '../evaluate/problems.ts';
import { parseJsonLine } from '../label/json-line.ts';
import { splitLines } from '../label/lines.ts';

/** Where rows come from, for messages. */
type Rows = readonly { readonly line: number; readonly text: string }[];

/** All observations of a policy that a running gateway has for a team now, page by page. */
export async function askObservations(
  access: AdminAccess,
  { policy, team }: { readonly policy: string; readonly team: string },
  context: Pick<CommandContext, 'io'>,
): Promise<Observation[]> {
  const observations: Observation[] = [];
  let after: string | undefined;
  do {
    const query = new URLSearchParams({ team, ...(after === undefined ? {} : { after }) });
    const path = `/admin/policies/${encodeURIComponent(policy)}/observations?${query.toString()}`;
    const { text, headers } = await askAdminText('GET', path, access, context);
    const rows = text
      .split('\n')
      .flatMap((row, index) => (row === '' ? [] : [{ line: index + 1, text: row }]));
    observations.push(...readRows(access.url, rows, EXIT.stopped));
    after = oneOf(headers['x-assay-next']);
  } while (after !== undefined);
  return observations;
}

function oneOf(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : header?.[0];
}

/** Longest row, in bytes: a chain of many judges stays far below. */
const LONGEST_ROW = 256 * 1024;

/** Observations that were saved as they came. Throws a usage error that lists the bad rows, unless they are left out. */
export async function readObservations(path: string, skipBad: boolean): Promise<Observation[]> {
  const rows: { line: number; text: string }[] = [];
  for await (const { number, bytes } of splitLines(path, LONGEST_ROW)) {
    const text = bytes?.toString('utf8') ?? '';
    if (bytes === null || text.trim() !== '') rows.push({ line: number, text });
  }
  return readRows(path, rows, skipBad ? null : EXIT.usage);
}

/** Whether a file holds observations, by its first row. */
export async function holdsObservations(path: string): Promise<boolean> {
  for await (const { bytes } of splitLines(path, LONGEST_ROW)) {
    const row = bytes === null ? null : parseJsonLine(bytes.toString('utf8'));
    return row?.ok === true && row.value['object'] === 'observation';
  }
  return false;
}

/** `exit`: how to end when a row is bad; null leaves it out. */
function readRows(place: string, rows: Rows, exit: ExitCode | null): Observation[] {
  const problems = new FileProblems(place);
  const observations = rows.flatMap(({ line, text }): Observation[] => {
    const row = parseJsonLine(text);
    const read = row.ok ? observationSchema.safeParse(row.value) : null;
    if (read?.success === true) return [toObservation(read.data)];
    const issue = read?.error?.issues[0];
    problems.add(line, issue === undefined ? 'is not JSON' : `${issue.path.join('.')}: ${issue.message}`);
    return [];
  });
  if (problems.count > 0 && exit !== null) throw new CommandError(exit, problems.render());
  return observations;
}
