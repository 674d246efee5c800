import type { BiasTask, JudgedItem, Report, ReportTable } from '../../contracts/evaluation.ts';
import { sourcesOf } from '../../domain/candidate-sources.ts';
import type { Interval } from '../../statistics/binomial.ts';
import { createEstimator } from '../intervals.ts';
import { formatCount, formatFigure, formatInterval, NOTHING } from '../report/format.ts';
import { card, renderPage } from '../report/page.ts';
import { biasCharts } from './bias-charts.ts';
import { biasFigures } from './bias-figures.ts';
import { type LengthBias, lengthBias, lengthRows, type LengthRow } from './length.ts';
import { type PositionBias, positionBias } from './position.ts';
import { type RepeatFlips, repeatFlips } from './repeats.ts';
import { type FamilyPreference, familyPreferences } from './self-preference.ts';

/**
 * What moves judges besides the quality of responses: their place, their length, who wrote them, and chance. What the
 * items cannot tell is left out with the reason, never estimated from something else.
 */
export interface JudgeBias {
  readonly name: string;
  readonly family: string | null;
  readonly judged: number;
  readonly position: PositionBias;
  readonly length: LengthBias;
  readonly lengthRows: readonly LengthRow[];
  readonly families: readonly FamilyPreference[];
  /** Null where each item was asked once. */
  readonly repeats: RepeatFlips | null;
}

/** `runs`: the same items in the same order, asked again; the first one is looked at for everything else. */
export function reportBias(runs: readonly (readonly JudgedItem[])[], task: BiasTask): Report {
  const [items = []] = runs;
  const estimate = createEstimator(task);
  const judges = task.judges.map(({ name, family }): JudgeBias => ({
    name,
    family,
    judged: items.filter(({ opinions }) => opinions.has(name)).length,
    position: positionBias(items, name, estimate),
    length: lengthBias(items, name, estimate),
    lengthRows: lengthRows(items, name),
    families: familyPreferences(items, { name, family }, estimate),
    repeats: repeatFlips(runs, name, estimate),
  }));
  const missing = missingOf(items, judges);
  const title = `Biases of ${task.judges.map(({ name }) => name).join(', ')}`;
  const tables = [biasTable(judges), ...familyTable(judges)];
  const notes = [...Object.values(missing), ...EXPLANATIONS];
  const page = {
    title,
    lead: `${formatCount(items.length)} items of ${task.source}${runs.length > 1 ? `, each asked ${runs.length} times` : ''}.`,
    headline: judges.map(({ name, position }) =>
      card(`${name}: label changes with the order`, position.flips),
    ),
    tables,
    charts: biasCharts(judges),
    notes,
  };
  return {
    title,
    tables,
    notes,
    figures: biasFigures(items.length, judges, missing),
    html: renderPage(page),
  };
}

const EXPLANATIONS = [
  'P(first shown) is the mean probability of the response shown first over both orders; 0.5 is no preference.',
  'Per doubling: what twice the length adds to the log-odds of being preferred at the same gold label; 0 is no bias.',
  'Gap: P(prefers the family | gold does) − P(prefers the other | gold does); 0 is no preference for the family.',
];

/** Why a part of the report is empty, by part. */
export type Missing = Readonly<
  Partial<Record<'position' | 'length' | 'self_preference' | 'repeats', string>>
>;

function missingOf(items: readonly JudgedItem[], judges: readonly JudgeBias[]): Missing {
  const has = (holds: (judge: JudgeBias) => boolean): boolean => judges.some(holds);
  return {
    ...(has(({ position }) => position.items > 0)
      ? {}
      : { position: 'Position: not measured, as the rows do not tell what was said in each order.' }),
    ...lengthMissing(items, judges),
    ...familyMissing(items, judges),
    ...(has(({ repeats }) => repeats !== null)
      ? {}
      : { repeats: 'Run to run: not measured, as every item was asked once (--repeats asks pairs again).' }),
  };
}

function lengthMissing(items: readonly JudgedItem[], judges: readonly JudgeBias[]): Missing {
  if (judges.some(({ length }) => length.perDoubling !== null)) return {};
  const hasTexts = items.some(({ item }) => item !== null);
  const why = hasTexts
    ? 'gold labels (a and b, both) and lengths that vary are needed for it'
    : 'the rows have no texts';
  return { length: `Length at equal quality: not measured; ${why}.` };
}

function familyMissing(items: readonly JudgedItem[], judges: readonly JudgeBias[]): Missing {
  if (judges.some(({ families }) => families.some(({ isOwn, items: count }) => isOwn && count > 0)))
    return {};
  if (!items.some(({ item }) => item !== null && sourcesOf(item) !== null)) {
    return {
      self_preference:
        'Self-preference: not measured, as no row says who wrote the responses; give "sources": [model of a, model of b].',
    };
  }
  const unknown = judges.filter(({ family }) => family === null).map(({ name }) => name);
  const why =
    unknown.length === judges.length
      ? `the family of ${unknown.join(', ')} is not known; give "family" of the engine`
      : 'no row with a gold label has a response of a judge’s family against one of another';
  return { self_preference: `Self-preference: not measured; ${why}.` };
}

function biasTable(judges: readonly JudgeBias[]): ReportTable {
  const row = (title: string, cell: (judge: JudgeBias) => string): string[] => [title, ...judges.map(cell)];
  const interval = (title: string, of: (judge: JudgeBias) => Interval | null | undefined): string[] =>
    row(title, (judge) => formatInterval(of(judge) ?? null));
  return {
    title: 'Biases',
    columns: [{ title: '' }, ...judges.map(({ name }) => ({ title: name }))],
    rows: [
      row('family', ({ family }) => family ?? NOTHING),
      row('judged', ({ judged }) => formatCount(judged)),
      interval('position: P(first shown)', ({ position }) => position.first),
      interval('  label changes with the order', ({ position }) => position.flips),
      interval('  same slot in both orders', ({ position }) => position.sameSlot),
      interval('  mean gap of P(a) between orders', ({ position }) => position.gap),
      interval('length: prefers the longer', ({ length }) => length.longer),
      interval('  gold prefers the longer', ({ length }) => length.goldLonger),
      interval('  log-odds per doubling, same gold', ({ length }) => length.perDoubling),
      interval('own family: gap', (judge) => ownOf(judge)?.gap),
      interval('  preferred more often than gold does', (judge) => ownOf(judge)?.excess),
      interval('run to run: label changes', ({ repeats }) => repeats?.flips),
      row('  mean difference of P(a)', ({ repeats }) => formatFigure(repeats?.difference?.estimate ?? null)),
    ],
  };
}

/** What the judge makes of its own family; undefined where nothing of it was judged. */
function ownOf({ families }: JudgeBias): FamilyPreference | undefined {
  return families.find(({ isOwn }) => isOwn);
}

function familyTable(judges: readonly JudgeBias[]): ReportTable[] {
  const rows = judges.flatMap(({ name, families }) =>
    families
      .filter(({ items }) => items > 0)
      .map(({ family, isOwn, items, gap, excess }) => [
        name,
        isOwn ? `${family} (its own)` : family,
        formatCount(items),
        formatInterval(gap),
        formatInterval(excess),
      ]),
  );
  if (rows.length === 0) return [];
  return [
    {
      title: 'Judges by family of the response',
      columns: [
        { title: 'judge' },
        { title: 'family' },
        { title: 'items', align: 'right' },
        { title: 'gap' },
        { title: 'more often than gold' },
      ],
      rows,
    },
  ];
}
