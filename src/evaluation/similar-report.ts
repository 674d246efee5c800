import type { Report, SimilarPlan, SimilarReuse } from '../contracts/evaluation.ts';
import { wilson } from '../statistics/binomial.ts';

const BANDS = 5;
const LEVEL = 0.95;

/**
 * The report with what a semantic cache would have done: how often a label was given, and how often wrongly,
 * by similarity. `items`: all that were looked up; `found`: those of them that had a similar one.
 */
export function withSimilar(
  report: Report,
  found: readonly SimilarReuse[],
  { items, maxError, floor }: SimilarPlan & { readonly items: number },
): Report {
  const width = (1 - floor) / BANDS;
  const bands = Array.from({ length: BANDS }, (_, band) => {
    const [from, to] = [floor + band * width, floor + (band + 1) * width];
    const inside = found.filter(
      ({ similarity }) => similarity >= from && (similarity < to || band === BANDS - 1),
    );
    return { from, to, ...countsOf(inside) };
  });
  const whole = countsOf(found);
  const rows = [...bands, { from: floor, to: 1, ...whole }].map((row) => [
    `${row.from.toFixed(2)} to ${row.to.toFixed(2)}`,
    String(row.found),
    share(row.given, row.found),
    '█'.repeat(row.found === 0 ? 0 : Math.round((20 * row.given) / row.found)),
    shareWithEnds(row.wrong, row.found),
    shareWithEnds(row.wrong, row.given),
  ]);
  const table = {
    title: `Labels of similar items, at most ${maxError} wrong of those found (${whole.found} of ${items} items had one)`,
    columns: [
      { title: 'similarity' },
      { title: 'found', align: 'right' },
      { title: 'given', align: 'right' },
      { title: '' },
      { title: 'wrong of found', align: 'right' },
      { title: 'wrong of given', align: 'right' },
    ],
    rows,
  } as const;
  const falseHits = wilson(whole.wrong, whole.found, LEVEL);
  const figures = { items, ...whole, wrong_of_found: falseHits, max_error: maxError, bands };
  return {
    ...report,
    tables: [...report.tables, table],
    figures: { ...report.figures, semantic_cache: figures },
  };
}

function countsOf(found: readonly SimilarReuse[]) {
  const given = found.filter(({ isGiven }) => isGiven);
  return { found: found.length, given: given.length, wrong: given.filter(({ isRight }) => !isRight).length };
}

function share(part: number, whole: number): string {
  return whole === 0 ? '-' : (part / whole).toFixed(3);
}

function shareWithEnds(part: number, whole: number): string {
  if (whole === 0) return '-';
  const { estimate, low, high } = wilson(part, whole, LEVEL);
  return `${estimate.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
}
