import { formatCount, formatDuration, formatRate, formatShare, formatUsd } from '../print/numbers.ts';
import type { Paint } from '../print/paint.ts';
import { renderFacts, renderTable } from '../print/table.ts';
import type { LabelReport } from './run.ts';
import { estimateAlwaysLast, type Tally } from './tally.ts';

/** The end of a finished run, for people. */
export function renderSummary(report: LabelReport, tally: Tally, paint: Paint): string {
  return [
    heading(report, tally, paint),
    tierTable(tally, paint),
    renderFacts(factsOf(report, tally), paint),
    failureTable(tally, paint),
    nextStep(report, tally, paint),
  ]
    .filter((part) => part !== '')
    .join('\n');
}

function heading({ paths, trlRows }: LabelReport, tally: Tally, paint: Paint): string {
  const colour = tally.failed === 0 ? 'green' : 'yellow';
  const left = tally.leftOut === 0 ? '' : `, ${formatCount(tally.leftOut)} left out by sampling`;
  const count = `${formatCount(tally.judged)} of ${formatCount(tally.rows)} rows judged${left}`;
  if (trlRows === null) return `${paint('bold', paths.output)}  ${paint(colour, count)}\n`;
  const preferences = `${formatCount(trlRows)} preference row${trlRows === 1 ? '' : 's'}`;
  return `${paint('bold', paths.output)}  ${preferences}; ${paint(colour, count)}, verdicts in ${paths.journal}\n`;
}

function tierTable(tally: Tally, paint: Paint): string {
  const rows = [...tally.tiers].map(([name, { labels, confidenceSum }]) => [
    name,
    formatCount(labels),
    formatShare(labels, tally.labels),
    labels === 0 ? '–' : (confidenceSum / labels).toFixed(3),
  ]);
  if (rows.length === 0) return '';
  return renderTable(
    [
      { title: 'tier' },
      { title: 'labels', align: 'right' },
      { title: 'share', align: 'right' },
      { title: 'mean confidence', align: 'right' },
    ],
    rows,
    paint,
  );
}

function factsOf(report: LabelReport, tally: Tally): [string, string][] {
  const outcomes = [...tally.outcomes].map(([outcome, count]) => `${formatCount(count)} ${outcome}`);
  const facts: [string, string][] = [['outcomes', outcomes.join(', ')]];
  if (report.sampling !== null) {
    const { text, effectiveShare } = report.sampling;
    const even = formatShare(effectiveShare, 1);
    facts.push(['sample', `${text}; weighted means are as sharp as those of an even sample of ${even}`]);
  }
  if (tally.comparable > 0) {
    const share = formatShare(tally.agreeing, tally.comparable);
    facts.push(['agreement', `${share} of the labels name the answer that the input chose`]);
  }
  if (tally.judged > 0 && report.task === 'preference') {
    const share = formatShare(tally.positionInconsistent, tally.judged);
    facts.push(['position', `${share} of the judgments changed with the order shown`]);
  }
  facts.push(['cost', costText(tally)]);
  const always = estimateAlwaysLast(tally);
  if (always !== null) {
    const share = formatShare(tally.nanoUsd, always.nanoUsd);
    facts.push([`always ${always.tier}`, `about ${formatUsd(always.nanoUsd)}; this run took ${share} of it`]);
  }
  facts.push(['time', timeText(report)]);
  return facts;
}

function costText(tally: Tally): string {
  if (tally.labels === 0) return formatUsd(tally.nanoUsd);
  const perLabel = tally.nanoUsd / tally.labels;
  return `${formatUsd(tally.nanoUsd)}: ${formatUsd(perLabel)} per label, ${formatUsd(1000 * perLabel)} per 1,000`;
}

function timeText({ asked, kept, seconds }: LabelReport): string {
  const resumed = kept > 0 ? `; ${formatCount(kept)} rows kept from an earlier run` : '';
  return `${formatDuration(seconds)}, ${formatRate(asked, seconds)}${resumed}`;
}

function failureTable({ failures, failed }: Tally, paint: Paint): string {
  if (failed === 0) return '';
  const rows = failures.map(({ line, outcome, reason }) => [`line ${line}`, outcome, reason]);
  const more = failed - failures.length;
  const rest = more > 0 ? `  and ${formatCount(more)} more\n` : '';
  return `${paint('bold', 'Not judged')}\n${renderTable([{ title: '' }, { title: '' }, { title: '' }], rows, paint)}${rest}`;
}

function nextStep({ paths }: LabelReport, { failed, outcomes }: Tally, paint: Paint): string {
  if (failed === 0) return '';
  const invalid = outcomes.get('invalid_item') ?? 0;
  const advice =
    invalid === failed
      ? 'Mend these lines, or leave them out when you train: their label is null.'
      : 'Run the same command again: only the failed rows are asked, the others are kept.';
  return `${paint('bold', 'Next')}  ${advice}\n      Every row of ${paths.journal} says its outcome and reason.\n`;
}

/** The same facts for programs. */
export function summaryJson(report: LabelReport, tally: Tally): object {
  const always = estimateAlwaysLast(tally);
  return {
    output: report.paths.output,
    verdicts: report.paths.journal,
    format: report.format,
    task: report.task,
    rows: tally.rows,
    judged: tally.judged,
    labels: tally.labels,
    failed: tally.failed,
    ...(report.sampling === null
      ? {}
      : {
          left_out: tally.leftOut,
          sample: { drawn: report.sampling.text, effective_share: report.sampling.effectiveShare },
        }),
    resumed: report.kept,
    outcomes: Object.fromEntries(tally.outcomes),
    tiers: [...tally.tiers].map(([tier, { labels, confidenceSum }]) => ({
      tier,
      labels,
      share: ratio(labels, tally.labels),
      mean_confidence: ratio(confidenceSum, labels),
    })),
    agreement_with_chosen: ratio(tally.agreeing, tally.comparable),
    position_inconsistent_share: ratio(tally.positionInconsistent, tally.judged),
    cost_usd: tally.nanoUsd / 1e9,
    cost_per_label_usd: ratio(tally.nanoUsd / 1e9, tally.labels),
    always_last_tier: always === null ? null : { tier: always.tier, estimated_usd: always.nanoUsd / 1e9 },
    seconds: report.seconds,
    labels_per_second: ratio(report.asked, report.seconds),
    failures: tally.failures,
  };
}

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}
