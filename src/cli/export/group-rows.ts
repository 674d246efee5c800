import { type Input, readRows, type ValidRow } from '../label/input.ts';
import { type GroupOrRow, groupsOf, inOrder, type ItemGroup, scatteredGroups } from './groups.ts';
import { idOf, type LeftOut, leftOut, leftOutFor, type Made, type Scored, unreadable } from './made.ts';
import { provenanceOfGroup } from './provenance.ts';
import type { ExportRow, GroupShape, ShapeOptions } from './shapes.ts';
import { stepwiseRow } from './stepwise.ts';
import { ultrafeedbackRow } from './ultrafeedback.ts';
import type { ReadVerdict } from './verdicts.ts';

export interface GroupTask {
  readonly input: Input;
  readonly verdicts: ReadonlyMap<string, ReadVerdict>;
  readonly options: ShapeOptions;
}

/** What became of each group of scored items, one after the other. */
export async function* groupRows(
  task: GroupTask,
  shape: GroupShape,
  criteria: readonly string[],
): AsyncGenerator<Made, void> {
  const { input, options } = task;
  const scattered = await scatteredGroups(readRows(input), options.keys);
  const render = (prompt: string, scored: readonly Scored[]): ExportRow =>
    shape === 'stepwise' ? stepwiseRow(prompt, scored, options) : ultrafeedbackRow(prompt, scored, criteria);
  for await (const found of groupsOf(readRows(input), options.keys)) {
    if ('ok' in found) yield { exported: 0, rows: [], leftOut: [ofNoGroup(found, options)] };
    else yield ofGroup(found, { task, shape, render, isScattered: scattered.has(found.key) });
  }
}

function ofNoGroup(row: Exclude<GroupOrRow, ItemGroup>, { keys }: ShapeOptions): LeftOut {
  if (!row.ok) return unreadable(row);
  return leftOut(row, 'no_group', `metadata.${keys.group} names none`);
}

interface Making {
  readonly task: GroupTask;
  readonly shape: GroupShape;
  readonly render: (prompt: string, scored: readonly Scored[]) => ExportRow;
  readonly isScattered: boolean;
}

/** Steps are of use only where all of them have a score; of answers those that have none are left out. */
function ofGroup(group: ItemGroup, { task, shape, render, isScattered }: Making): Made {
  const { verdicts, options } = task;
  const members = inOrder(group.members, options.keys);
  const none = (reason: string, message: string): Made => ({
    exported: 0,
    rows: [],
    leftOut: group.members.map((row) => leftOut(row, reason, message)),
  });
  if (isScattered) return none('group_not_adjacent', `the items of group ${group.key} do not stand together`);
  const problem = shape === 'stepwise' ? problemOfSteps(group, members, options) : problemOfAnswers(group);
  if (problem !== null) return none(...problem);
  const prompt = plainPrompt((members ?? group.members)[0]);
  if (prompt === null) return none('prompt_is_a_conversation', 'this shape has one text as its prompt');
  const { scored, lost } = withScores(members ?? group.members, verdicts);
  if (scored.length === 0) return { exported: 0, rows: [], leftOut: lost };
  if (shape === 'stepwise' && lost.length > 0) {
    const others = group.members.filter((row) => !lost.some(({ id }) => id === idOf(row)));
    const left = others.map((row) => leftOut(row, 'incomplete_group', 'another step of it has no score'));
    return { exported: 0, rows: [], leftOut: [...lost, ...left] };
  }
  const row = { ...render(prompt, scored), ...provenanceOfGroup(group.key, scored, shape) };
  return { exported: scored.length, rows: [row], leftOut: lost };
}

type Problem = readonly [reason: string, message: string];

function problemOfSteps(
  { hasGap }: ItemGroup,
  members: readonly ValidRow[] | null,
  { keys }: ShapeOptions,
): Problem | null {
  if (hasGap) return ['incomplete_group', 'a row beside its steps could not be read'];
  if (members !== null) return null;
  return ['steps_out_of_order', `metadata.${keys.order} must count all steps, from 0 or 1`];
}

function problemOfAnswers({ members }: ItemGroup): Problem | null {
  const prompts = new Set(members.map(({ item }) => JSON.stringify(item.prompt)));
  return prompts.size === 1 ? null : ['prompts_differ', 'the answers of a group share one prompt'];
}

function withScores(rows: readonly ValidRow[], verdicts: ReadonlyMap<string, ReadVerdict>) {
  const scored: Scored[] = [];
  const lost: LeftOut[] = [];
  for (const row of rows) {
    const verdict = verdicts.get(idOf(row));
    if (verdict?.outcome === 'ok' && verdict.score !== undefined)
      scored.push({ item: row.item, verdict, scores: verdict.score });
    else lost.push(leftOutFor(row, verdict));
  }
  return { scored, lost };
}

/** A prompt of text, or of one user's message; null for a conversation. */
function plainPrompt(row: ValidRow | undefined): string | null {
  const prompt = row?.item.prompt;
  if (prompt === undefined || typeof prompt === 'string') return prompt ?? null;
  const [first, ...more] = prompt;
  return first?.role === 'user' && more.length === 0 ? first.content : null;
}
