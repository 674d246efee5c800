import { z } from 'zod';
import { cleanText } from '../passage.ts';
import { check, type Checked, invalid } from '../problems.ts';
import { type Formula, readFormula } from './formula.ts';
import { readSingleGrader, type SingleGrader } from './grader.ts';

/** A grader as it is run: one, or several whose rewards a formula makes into one. */
export interface Grader {
  readonly name: string;
  readonly type: string;
  /** By the names that the formula knows; one of its own name where there is no formula. */
  readonly parts: ReadonlyMap<string, SingleGrader>;
  /** Absent where the one part's reward is the reward. */
  readonly formula?: Formula;
  /** As it was sent, for `validate`. */
  readonly sent: unknown;
}

export interface GraderRun {
  readonly grader: Grader;
  readonly sample: string;
  readonly item: unknown;
}

const MOST_PARTS = 16;

const multi = z.looseObject({
  type: z.literal('multi'),
  name: z.string().min(1).max(256),
  graders: z.record(z.string(), z.unknown()),
  calculate_output: cleanText.min(1),
});

const holdsGrader = z.looseObject({ grader: z.looseObject({ type: z.string() }) });

/** Reads the `grader` of a body. */
export function readGrader(body: unknown): Checked<Grader> {
  const frame = check(holdsGrader, body);
  if (!frame.ok) return frame;
  const { grader: sent } = frame.value;
  if (sent.type === 'multi') return readMulti(sent);
  const single = readSingleGrader(sent, ['grader']);
  if (!single.ok) return single;
  const { name, type } = single.value;
  return { ok: true, value: { name, type, parts: new Map([[name, single.value]]), sent } };
}

function readMulti(sent: unknown): Checked<Grader> {
  const checked = check(multi, sent, ['grader']);
  if (!checked.ok) return checked;
  const { name, type, graders, calculate_output: output } = checked.value;
  const named = namedGraders(graders);
  const read = named.map(([key, raw]) => ({ key, part: readSingleGrader(raw, ['grader', 'graders', key]) }));
  const formula = readFormula(output, new Set(named.map(([key]) => key)), 'grader.calculate_output');
  const problems = [
    ...(named.length >= 1 && named.length <= MOST_PARTS
      ? []
      : [invalid('grader.graders', `must be 1 to ${MOST_PARTS}, found ${named.length}`)]),
    ...read.flatMap(({ part }) => (part.ok ? [] : part.problems)),
    ...(formula.ok ? [] : formula.problems),
  ];
  if (problems.length > 0 || !formula.ok) return { ok: false, problems };
  const parts = new Map(
    read.flatMap(({ key, part }): [string, SingleGrader][] => (part.ok ? [[key, part.value]] : [])),
  );
  return { ok: true, value: { name, type, parts, formula: formula.value, sent } };
}

/** Graders by name; the SDK's own type allows a single one too, which then goes by its own name. */
function namedGraders(graders: Readonly<Record<string, unknown>>): [string, unknown][] {
  const { type, name } = graders;
  return typeof type === 'string' && typeof name === 'string' ? [[name, graders]] : Object.entries(graders);
}

const runSchema = z.looseObject({ model_sample: cleanText, item: z.unknown().optional() });

export function readGraderRun(body: unknown): Checked<GraderRun> {
  const grader = readGrader(body);
  const frame = check(runSchema, body);
  if (!grader.ok || !frame.ok) {
    const problems = [grader, frame].flatMap((each) => (each.ok ? [] : each.problems));
    return { ok: false, problems };
  }
  const { model_sample: sample, item = null } = frame.value;
  return { ok: true, value: { grader: grader.value, sample, item } };
}
