import { writeFile } from 'node:fs/promises';
import type { Report } from '../../contracts/evaluation.ts';
import type { CommandContext } from '../context.ts';
import { renderTable } from '../print/table.ts';

/** Prints a report, or its figures, and saves the page where one is wanted. */
export async function showReport(
  report: Report,
  { json, page }: { readonly json: boolean; readonly page: string | undefined },
  { io, paint }: CommandContext,
): Promise<void> {
  if (page !== undefined) await writeFile(page, report.html);
  if (json) {
    io.stdout.write(`${JSON.stringify(report.figures)}\n`);
    return;
  }
  const tables = report.tables.map(
    ({ title, columns, rows }) => `${paint('bold', title)}\n${renderTable(columns, rows, paint)}`,
  );
  const notes = report.notes.map((note) => `${paint('dim', note)}\n`).join('');
  const saved = page === undefined ? '' : `\nThe report with plots is ${page}\n`;
  io.stdout.write(`${[...tables, notes].join('\n')}${saved}`);
}
