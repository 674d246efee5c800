import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StratumCalibration } from '../../contracts/evaluation.ts';
import type { CommandContext } from '../context.ts';
import { CommandError, EXIT } from '../exit.ts';
import { formatCount } from '../print/numbers.ts';
import { renderTable } from '../print/table.ts';

interface StrataOutput {
  /** File of the items, for messages. */
  readonly path: string;
  /** Folder of the certificates. */
  readonly output: string;
  /** Folder of the pages. */
  readonly report?: string | undefined;
  readonly json: boolean;
}

/** Saves a certificate, and a page where one is wanted, for each stratum that has one, and says what came of each. */
export async function showStrata(
  strata: readonly StratumCalibration[],
  { path, output, report, json }: StrataOutput,
  { io, paint }: CommandContext,
): Promise<void> {
  if (strata.every(({ result }) => !result.ok)) {
    const reasons = strata.map(
      ({ stratum, result }) => `${stratum}: ${result.ok ? '' : result.refusal.message}`,
    );
    throw new CommandError(EXIT.failures, `${path}: no certificate:\n${reasons.join('\n')}`);
  }
  await mkdir(output, { recursive: true });
  if (report !== undefined) await mkdir(report, { recursive: true });
  for (const { stratum, result } of strata) {
    if (!result.ok) continue;
    await writeFile(join(output, `${fileNameOf(stratum)}.json`), result.certificate);
    if (report !== undefined)
      await writeFile(join(report, `${fileNameOf(stratum)}.html`), result.report.html);
  }
  if (json) {
    io.stdout.write(`${JSON.stringify({ strata: strata.map(figuresOf) })}\n`);
    return;
  }
  const columns = [
    { title: 'stratum' },
    { title: 'items', align: 'right' as const },
    { title: 'coverage', align: 'right' as const },
    { title: 'certificate, or why there is none' },
  ];
  const rows = strata.map((one) => [
    one.stratum,
    formatCount(one.items),
    one.result.ok ? Number(one.result.report.figures['coverage']).toFixed(3) : '–',
    one.result.ok ? join(output, `${fileNameOf(one.stratum)}.json`) : one.result.refusal.message,
  ]);
  io.stdout.write(`${paint('bold', 'Strata')}\n${renderTable(columns, rows, paint)}`);
}

function figuresOf({ stratum, items, result }: StratumCalibration): Record<string, unknown> {
  return result.ok
    ? { stratum, items, ...result.report.figures }
    : { stratum, items, certificate: null, reason: result.refusal.reason, message: result.refusal.message };
}

/** `code:yes length:short` is `code-yes.length-short`; other letters than those of words become `_`. */
function fileNameOf(stratum: string): string {
  return stratum
    .replaceAll(':', '-')
    .replaceAll(' ', '.')
    .replaceAll(/[^\w.@-]/g, '_');
}
