import { z } from 'zod';
import type { Paint } from '../print/paint.ts';
import { type Column, renderTable } from '../print/table.ts';

/** The queue before an engine, as the admin API tells it. */
export const queueSchema = z.object({
  waiting: z.number(),
  running: z.number(),
  capacity: z.number().nullable(),
  lines: z.array(
    z.object({
      class: z.string(),
      team: z.string(),
      waiting: z.number(),
      waitingTokens: z.number(),
      oldestMs: z.number(),
      expectedMs: z.number().nullable(),
    }),
  ),
});
type Queue = z.output<typeof queueSchema>;

const COLUMNS: readonly Column[] = [
  { title: 'class' },
  { title: 'team' },
  { title: 'waiting', align: 'right' },
  { title: 'tokens', align: 'right' },
  { title: 'oldest', align: 'right' },
  { title: 'expected wait', align: 'right' },
];

/** One line where nobody waits, else a table of those who do. */
export function renderQueue({ waiting, running, capacity, lines }: Queue, paint: Paint): string {
  const places =
    capacity === null ? 'no place, as no replica takes calls' : `${running} of ${capacity} places taken`;
  const summary = `  queue: ${waiting} waiting, ${places}\n`;
  if (lines.length === 0) return summary;
  const rows = lines.map((line) => [
    line.class,
    line.team,
    String(line.waiting),
    String(line.waitingTokens),
    seconds(line.oldestMs),
    line.expectedMs === null ? '–' : seconds(line.expectedMs),
  ]);
  return summary + renderTable(COLUMNS, rows, paint);
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
