import { formatCount, formatDuration, formatShare, formatUsd } from '../print/numbers.ts';
import type { Paint } from '../print/paint.ts';
import { type Column, renderFacts, renderTable } from '../print/table.ts';
import type { OutputRow } from '../label/row.ts';
import type { DemoReport, DemoRow } from './demo.ts';

/** Where the demo runs, for what it says to try next. */
export interface DemoPlace {
  /** How `assay` is called here. */
  readonly command: string;
  /** Path of the shipped pairs from here. */
  readonly pairs: string;
  /** Width of the terminal in characters. */
  readonly columns: number;
}

/** What the demo shows: who judged what, how well, for how much, and a few verdicts with their trail. */
export function renderDemo(report: DemoReport, place: DemoPlace, paint: Paint): string {
  const { rows, seconds } = report;
  const intro = `${paint('bold', 'Assay demo')}: ${rows.length} pairs of answers with known labels, two simulated engines behind one gateway, ${formatDuration(seconds)}.\n${paint('dim', 'The engines are toys with planted opinions, so the figures show the machinery, not a model.')}\n`;
  const parts = [
    intro,
    section('Labels by tier', tierTable(report, paint), paint),
    section('The same pairs, all to the large judge', costTable(report, paint), paint),
    section('Verdicts and their trail', examples(report, paint, place.columns), paint),
    section('Next', nextSteps(place, paint), paint),
  ];
  return `\n${parts.join('\n')}\n`;
}

/** Commands that work from where the demo was started. */
function nextSteps({ command, pairs }: DemoPlace, paint: Paint): string {
  const steps = [
    [`${command} label ${pairs} -o labels.jsonl --simulated`, 'label a file with the same two toys'],
    [`${command} serve --simulated --port 8080`, 'try the API; its page is at /docs'],
    [`${command} config schema`, 'then write an assay.yaml for your own engines'],
    [`${command} doctor --config assay.yaml`, 'and see whether they are ready'],
  ];
  return steps.map(([line, purpose]) => `  ${line}\n      ${paint('dim', purpose ?? '')}\n`).join('');
}

function section(title: string, text: string, paint: Paint): string {
  return `${paint('bold', title)}\n${text}`;
}

const TIER_COLUMNS: readonly Column[] = [
  { title: 'tier' },
  { title: 'labels', align: 'right' },
  { title: 'share', align: 'right' },
  { title: 'mean confidence', align: 'right' },
  { title: 'agrees with gold', align: 'right' },
];

function tierTable({ rows, tiers }: DemoReport, paint: Paint): string {
  const labelled = rows.filter(({ cascade }) => cascade.label !== null);
  const line = (name: string, part: readonly DemoRow[]): string[] => [
    name,
    formatCount(part.length),
    formatShare(part.length, labelled.length),
    meanConfidence(part),
    goldText(part.map(({ pair, cascade }) => cascade.label === pair.gold)),
  ];
  const lines = tiers.map((tier) =>
    line(
      tier,
      labelled.filter(({ cascade }) => cascade.tier === tier),
    ),
  );
  const unlabelled = rows.length - labelled.length;
  const rest = unlabelled === 0 ? [] : [['no label', formatCount(unlabelled), '', '', '']];
  return renderTable(TIER_COLUMNS, [...lines, line('all', labelled), ...rest], paint);
}

function meanConfidence(rows: readonly DemoRow[]): string {
  if (rows.length === 0) return '–';
  const sum = rows.reduce((total, { cascade }) => total + (cascade.confidence ?? 0), 0);
  return (sum / rows.length).toFixed(3);
}

function goldText(agreements: readonly boolean[]): string {
  const agreeing = agreements.filter(Boolean).length;
  return `${agreeing} of ${agreements.length}, ${formatShare(agreeing, agreements.length)}`;
}

const COST_COLUMNS: readonly Column[] = [
  { title: 'policy' },
  { title: 'cost', align: 'right' },
  { title: 'per 1,000 labels', align: 'right' },
  { title: 'agrees with gold', align: 'right' },
];

function costTable({ rows }: DemoReport, paint: Paint): string {
  const cascade = rows.map((row) => row.cascade);
  const large = rows.map((row) => row.alwaysLarge);
  const golds = rows.map(({ pair }) => pair.gold);
  const line = (name: string, verdicts: readonly OutputRow[]): string[] => {
    const labelled = verdicts.filter(({ label }) => label !== null).length;
    const agreements = verdicts.flatMap(({ label }, index) =>
      label === null ? [] : [label === golds[index]],
    );
    const nanoUsd = costOf(verdicts);
    return [
      name,
      formatUsd(nanoUsd),
      formatUsd((1000 * nanoUsd) / Math.max(1, labelled)),
      goldText(agreements),
    ];
  };
  const table = renderTable(COST_COLUMNS, [line('cascade', cascade), line('always large', large)], paint);
  const share = formatShare(costOf(cascade), costOf(large));
  const same = rows.filter((row) => row.cascade.label === row.alwaysLarge.label).length;
  const agreement = `${formatShare(same, rows.length)} of the labels are the same`;
  return `${table}  ${paint('green', `The cascade costs ${share} of asking the large judge about everything; ${agreement}.`)}\n`;
}

function costOf(rows: readonly OutputRow[]): number {
  return rows.reduce((total, { cost }) => total + Math.round(cost.usd * 1e9), 0);
}

/** One that the first tier decided, one that went on, one where the judge was wrong; of different domains if possible. */
function examples({ rows, tiers }: DemoReport, paint: Paint, columns: number): string {
  const isRight = ({ pair, cascade }: DemoRow): boolean => cascade.label === pair.gold;
  const kinds = [
    (row: DemoRow) => row.cascade.tier === tiers[0] && isRight(row),
    (row: DemoRow) => row.cascade.tier !== tiers[0] && isRight(row),
    (row: DemoRow) => !isRight(row),
  ];
  const shown: DemoRow[] = [];
  for (const isOfKind of kinds) {
    const isNew = ({ pair }: DemoRow): boolean => shown.every((row) => row.pair.domain !== pair.domain);
    const ofKind = rows.filter(isOfKind);
    const row = ofKind.find(isNew) ?? ofKind[0];
    if (row !== undefined) shown.push(row);
  }
  return shown.map((row) => example(row, paint, columns)).join('\n');
}

function example({ pair, cascade }: DemoRow, paint: Paint, columns: number): string {
  const width = Math.max(40, columns - 14);
  const label = cascade.label ?? `no label (${cascade.outcome})`;
  const isRight = cascade.label === pair.gold;
  const verdict = `${label} at confidence ${(cascade.confidence ?? 0).toFixed(3)} for ${formatUsd(cascade.cost.usd * 1e9)}; gold says ${pair.gold}`;
  return renderFacts(
    [
      [pair.domain, cut(pair.prompt, width)],
      ['a', cut(pair.candidates[0], width)],
      ['b', cut(pair.candidates[1], width)],
      ['verdict', paint(isRight ? 'green' : 'yellow', verdict)],
      ...trailFacts(cascade),
    ],
    paint,
  );
}

function trailFacts({ trail }: OutputRow): [string, string][] {
  return trail.map(({ tier, order, p_first: pFirst }, index) => {
    const shown = order === 'ba' ? 'b first' : 'a first';
    const odds = typeof pFirst === 'number' ? `P(first) ${pFirst.toFixed(2)}` : 'no answer';
    return [index === 0 ? 'trail' : '', `${tier ?? '?'}, ${shown}: ${odds}`];
  });
}

function cut(text: string, width: number): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length <= width ? line : `${line.slice(0, width - 1)}…`;
}
