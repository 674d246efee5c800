import { z } from 'zod';
import { CANDIDATES } from '../../domain/task.ts';
import {
  idColumn,
  isBlankText,
  type JsonRow,
  otherColumns,
  type ReadRow,
  type RowTask,
  refuse,
  refuseFor,
  rubricColumn,
  textOrMessages,
} from './item.ts';

const NEEDED: Readonly<Record<RowTask, string>> = {
  preference: 'two are',
  score: 'one is',
  critique: 'one is',
  ranking: '2 to 64 are',
};

const schema = z.object({
  id: idColumn,
  prompt: textOrMessages,
  candidates: z.array(z.string({ error: 'must be text' }), { error: 'must be a list of texts' }),
  rubric: rubricColumn,
  inclusion_probability: z
    .number({ error: 'must be a number' })
    .gt(0, 'must be above 0')
    .max(1, 'must be at most 1')
    .nullish(),
  metadata: z.record(z.string(), z.unknown(), { error: 'must be an object' }).optional(),
});

/** Columns by which an item of a task says more than what is judged. */
const ASKS: Readonly<Record<RowTask, readonly string[]>> = {
  preference: [],
  score: ['reference'],
  critique: ['constitution', 'revise', 'seed', 'evidence'],
  ranking: ['method', 'comparisons'],
};

const NAMED = ['id', 'prompt', 'candidates', 'rubric', 'inclusion_probability', 'metadata'];

/**
 * Reads `{id?, prompt, candidates, rubric?, inclusion_probability?, metadata?}` and what the task knows; other
 * columns join the metadata.
 */
export function readAssayRow(row: JsonRow, task: RowTask = 'preference'): ReadRow {
  const read = schema.safeParse(row);
  if (!read.success) return refuseFor(read.error);
  const { id, prompt, candidates, rubric, inclusion_probability: inclusion, metadata } = read.data;
  const { least, most } = CANDIDATES[task];
  if (candidates.length < least || candidates.length > most) {
    return refuse(`candidates: ${NEEDED[task]} needed, found ${candidates.length}`, 'candidates');
  }
  if (typeof prompt === 'string' && isBlankText(prompt)) return refuse('prompt: is empty', 'prompt');
  const blank = candidates.findIndex(isBlankText);
  if (blank !== -1) return refuse(`candidates[${blank}]: is empty`, 'candidates');
  const other = otherColumns(row, [...NAMED, ...ASKS[task]]);
  const asks = Object.fromEntries(
    ASKS[task].filter((name) => row[name] !== undefined).map((name) => [name, row[name]]),
  );
  return {
    ok: true,
    item: {
      id: id ?? null,
      prompt,
      candidates,
      rubric: rubric ?? null,
      ...(inclusion === undefined || inclusion === null ? {} : { inclusion }),
      ...(Object.keys(asks).length === 0 ? {} : { asks }),
      metadata: { ...other, ...metadata },
    },
  };
}
