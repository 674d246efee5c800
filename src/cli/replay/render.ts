import type { JudgeFacts } from '../export/verdicts.ts';
import { formatCount } from '../print/numbers.ts';
import type { ReplayReport } from './replay.ts';

/** Items that are listed; the rest is counted, and all are in the JSON. */
const MOST_LISTED = 20;

export interface ReplayCounts {
  readonly same: number;
  readonly differs: number;
  readonly failed: number;
  /** Mean of how far probabilities or scores moved; null where nothing has any. */
  readonly meanShift: number | null;
}

export function countReplay({ items }: ReplayReport): ReplayCounts {
  const count = (end: string): number => items.filter((item) => item.end === end).length;
  const shifts = items.flatMap(({ shift }) => shift ?? []);
  const meanShift =
    shifts.length === 0 ? null : shifts.reduce((sum, shift) => sum + shift, 0) / shifts.length;
  return { same: count('same'), differs: count('differs'), failed: count('failed'), meanShift };
}

export function renderReplay(report: ReplayReport): string {
  const { same, differs, failed, meanShift } = countReplay(report);
  const asked = report.items.length;
  const moved = meanShift === null ? '' : `; probabilities moved by ${meanShift.toFixed(4)} on average`;
  const others = report.items.filter(({ end }) => end !== 'same');
  const lines = [
    `${formatCount(asked)} items were asked again, $${report.costUsd.toPrecision(3)}`,
    `  same     ${formatCount(same)}${moved}`,
    `  differs  ${formatCount(differs)}`,
    `  failed   ${formatCount(failed)}`,
    ...others
      .slice(0, MOST_LISTED)
      .map(({ id, end, before, now }) => `  ${end}: ${id}: ${short(before)} is now ${short(now)}`),
    ...(others.length > MOST_LISTED ? [`  and ${formatCount(others.length - MOST_LISTED)} more`] : []),
    ...report.gone.map((judge) => `  not asked any more: ${judgeText(judge)}`),
    ...report.added.map((judge) => `  not asked before: ${judgeText(judge)}`),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function short(text: string): string {
  return text.length <= 40 ? text : `${text.slice(0, 40)}…`;
}

function judgeText({ judge, engine, model, precision, prompt, fingerprint }: JudgeFacts): string {
  const build = fingerprint ?? 'unknown build';
  return `${judge}: ${model}${precision === null || precision === undefined ? '' : ` (${precision})`} on ${engine}, ${prompt}, ${build}`;
}
