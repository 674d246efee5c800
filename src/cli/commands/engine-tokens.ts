import { z } from 'zod';
import { formatCount, formatShare } from '../print/numbers.ts';
import type { Paint } from '../print/paint.ts';
import { type Column, renderTable } from '../print/table.ts';

const countsSchema = z.object({ input: z.number(), output: z.number() });
const rowSchema = z.object({
  replica: z.string(),
  engine: z.string(),
  tokens: z
    .object({
      since: z.number(),
      at: z.number(),
      ours: countsSchema,
      engine: countsSchema,
      difference: countsSchema,
      share: z.number().nullable(),
      unknown_calls: z.number(),
      in_flight: z.number(),
    })
    .nullable(),
});
/** The reply of `GET /admin/engines/tokens`. */
export const tokensSchema = z.object({ data: z.array(rowSchema) });
type TokensRow = z.output<typeof rowSchema>;

const COLUMNS: readonly Column[] = [
  { title: 'replica' },
  { title: 'tokens' },
  { title: 'ours', align: 'right' },
  { title: 'engine', align: 'right' },
  { title: 'difference', align: 'right' },
  { title: 'share', align: 'right' },
  { title: 'unknown calls', align: 'right' },
  { title: 'in flight', align: 'right' },
  { title: 'since' },
];

/** Two lines for each replica: tokens of prompts, and of answers. */
export function renderTokens(rows: readonly TokensRow[], paint: Paint): string {
  return renderTable(COLUMNS, rows.flatMap(linesOf), paint);
}

function linesOf({ replica, tokens }: TokensRow): string[][] {
  if (tokens === null) return [[replica, '–', '–', '–', '–', '–', '–', '–', 'not counted']];
  const { ours, engine, difference, since } = tokens;
  const calls = [String(tokens.unknown_calls), String(tokens.in_flight), new Date(since).toISOString()];
  const counts = (kind: 'input' | 'output'): string[] => [
    kind,
    formatCount(ours[kind]),
    formatCount(engine[kind]),
    formatCount(difference[kind]),
    formatShare(ours[kind], engine[kind]),
  ];
  return [
    [replica, ...counts('input'), ...calls],
    ['', ...counts('output'), '', '', ''],
  ];
}
