import { z } from 'zod';
import {
  idColumn,
  isBlankText,
  type JsonRow,
  otherColumns,
  type ReadRow,
  refuse,
  refuseFor,
  rubricColumn,
  textOrMessages,
} from './item.ts';

const schema = z.object({
  id: idColumn,
  prompt: textOrMessages,
  candidates: z.array(z.string({ error: 'must be text' }), { error: 'must be a list of two texts' }),
  rubric: rubricColumn,
  metadata: z.record(z.string(), z.unknown(), { error: 'must be an object' }).optional(),
});

/** Reads `{id?, prompt, candidates: [a, b], rubric?, metadata?}`; other columns join the metadata. */
export function readAssayRow(row: JsonRow): ReadRow {
  const read = schema.safeParse(row);
  if (!read.success) return refuseFor(read.error);
  const { id, prompt, candidates, rubric, metadata } = read.data;
  const [a, b, ...more] = candidates;
  if (a === undefined || b === undefined || more.length > 0) {
    return refuse(`candidates: two are needed, found ${candidates.length}`, 'candidates');
  }
  if (typeof prompt === 'string' && isBlankText(prompt)) return refuse('prompt: is empty', 'prompt');
  const blank = [a, b].findIndex(isBlankText);
  if (blank !== -1) return refuse(`candidates[${blank}]: is empty`, 'candidates');
  const other = otherColumns(row, ['id', 'prompt', 'candidates', 'rubric', 'metadata']);
  return {
    ok: true,
    item: {
      id: id ?? null,
      prompt,
      candidates: [a, b],
      rubric: rubric ?? null,
      metadata: { ...other, ...metadata },
    },
  };
}
