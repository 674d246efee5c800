import type { ReportTable, SimilarReplay, SimilarReuse } from '../contracts/evaluation.ts';
import { wilson } from '../statistics/binomial.ts';
import { riskCoverage } from '../statistics/selective.ts';
import type { Chart } from './plot/chart.ts';
import { domainOf } from './plot/scale.ts';
import { formatPercent } from './report/format.ts';

const BANDS = 5;
const LEVEL = 0.95;

/** What a report tells of a semantic cache; no chart where it would have given no label. */
export interface SimilarReport {
  readonly table: ReportTable;
  readonly charts: readonly Chart[];
  readonly figures: Readonly<Record<string, unknown>>;
}

/** What a semantic cache would have done: how often a label was given, and how often wrongly, by similarity. */
export function similarReport(replay: SimilarReplay): SimilarReport {
  const { items, found, maxError } = replay;
  const bands = bandsOf(replay);
  const whole = countsOf(found);
  return {
    table: tableOf(replay, bands),
    charts: whole.given === 0 ? [] : [falseHitChart(replay)],
    figures: {
      items,
      ...whole,
      wrong_of_found: wilson(whole.wrong, whole.found, LEVEL),
      max_error: maxError,
      bands,
    },
  };
}

type Band = ReturnType<typeof countsOf> & { readonly from: number; readonly to: number };

function bandsOf({ found, floor }: SimilarReplay): Band[] {
  const width = (1 - floor) / BANDS;
  return Array.from({ length: BANDS }, (_, band) => {
    const [from, to] = [floor + band * width, floor + (band + 1) * width];
    const inside = found.filter(
      ({ similarity }) => similarity >= from && (similarity < to || band === BANDS - 1),
    );
    return { from, to, ...countsOf(inside) };
  });
}

function tableOf({ items, found, maxError, floor }: SimilarReplay, bands: readonly Band[]): ReportTable {
  const whole = countsOf(found);
  const rows = [...bands, { from: floor, to: 1, ...whole }].map((row) => [
    `${row.from.toFixed(2)} to ${row.to.toFixed(2)}`,
    String(row.found),
    share(row.given, row.found),
    '█'.repeat(row.found === 0 ? 0 : Math.round((20 * row.given) / row.found)),
    shareWithEnds(row.wrong, row.found),
    shareWithEnds(row.wrong, row.given),
  ]);
  return {
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
  };
}

/** Labels given from the most similar on: how many were wrong, of those given and of those found. */
function falseHitChart({ items, found, maxError }: SimilarReplay): Chart {
  const given = found.filter(({ isGiven }) => isGiven);
  const curve = riskCoverage(
    given.map(({ similarity }) => similarity),
    given.map(({ isRight }) => (isRight ? 0 : 1)),
  ).map(({ coverage, selectiveRisk, marginalRisk }) => ({
    hits: (coverage * given.length) / items,
    ofGiven: selectiveRisk,
    ofFound: (marginalRisk * given.length) / found.length,
  }));
  // A share of the first few says nothing.
  const settled = curve.filter(({ hits }) => hits * items >= given.length / 20);
  return {
    title: 'False hits of similar items',
    description:
      'Giving labels from the most similar item on: the share that is wrong among all with a similar item, which the dashed line bounds, and among those given.',
    x: {
      label: 'hits, of all items',
      domain: domainOf([0, ...curve.map(({ hits }) => hits)], { low: 0 }),
      format: formatPercent,
    },
    y: {
      label: 'wrong',
      domain: domainOf([maxError, ...settled.flatMap(({ ofGiven, ofFound }) => [ofGiven, ofFound])], {
        low: 0,
      }),
      format: formatPercent,
    },
    marks: [
      { type: 'rule', name: 'most that may be wrong', series: 5, at: maxError, along: 'x', dashed: true },
      {
        type: 'line',
        name: 'wrong of given',
        series: 2,
        points: settled.map(({ hits, ofGiven }) => ({ x: hits, y: ofGiven })),
      },
      {
        type: 'line',
        name: 'wrong of found',
        series: 1,
        points: curve.map(({ hits, ofFound }) => ({ x: hits, y: ofFound })),
      },
    ],
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
