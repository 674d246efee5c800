import { parseArgs } from 'node:util';
import { measureStreams, scoreAlarmShare, type StreamFigures } from './drift-streams.ts';

/**
 * How soon the drift monitor sees a risk above the promised 5 % at 2 % audits, and how often it sees one where there
 * is none. `npm run bench:drift -- --runs 1000 --seed 1`; the last line is one line of JSON.
 */
const { values } = parseArgs({ options: { runs: { type: 'string' }, seed: { type: 'string' } } });
const runs = wholeNumber('runs', values.runs ?? '1000');
const seed = wholeNumber('seed', values.seed ?? '1');

const lane = { alpha: 0.05, auditShare: 0.02 };
const before = { items: 12_500, risk: 0.03 };
const none = { items: 0, risk: 0 };

const figures = {
  tripled: measureStreams({ ...lane, before, after: { items: 60_000, risk: 0.15 } }, runs, seed),
  doubled: measureStreams({ ...lane, before, after: { items: 150_000, risk: 0.1 } }, runs, seed + 1),
  quiet: measureStreams({ ...lane, before: { items: 60_000, risk: 0.03 }, after: none }, runs, seed + 2),
  boundary: measureStreams({ ...lane, before: { items: 60_000, risk: 0.05 }, after: none }, runs, seed + 3),
};

/** 30 days of one anchor item a minute: a judge that flips 2 % by itself, then one that flips 15 %. */
const month = { items: 43_200, risk: 0.02 };
const anchors = measureStreams(
  { alpha: 0.05, auditShare: 1, runToFalseAlarm: 1_000, before: month, after: { items: 5_000, risk: 0.15 } },
  scoreRunsOf(runs),
  seed + 7,
);

const scoreRuns = scoreRunsOf(runs);
const scores = {
  quiet100: scoreAlarmShare({ reference: 100, items: 60_000, shift: 0 }, scoreRuns, seed + 4),
  quiet500: scoreAlarmShare({ reference: 500, items: 60_000, shift: 0 }, scoreRuns, seed + 5),
  moved: scoreAlarmShare({ reference: 200, items: 1_000, shift: 1 }, scoreRuns, seed + 6),
};

function scoreRunsOf(all: number): number {
  return Math.max(1, Math.round(all / 5));
}

function delays({ medianDelay, p90Delay, missedShare }: StreamFigures): string {
  return `median ${medianDelay ?? 'none'}, 90 % by ${p90Delay ?? 'none'} audits, missed ${percent(missedShare)}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function wholeNumber(name: string, text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new Error(`--${name} is a whole number from 1, not ${text}`);
  return Number(text);
}

console.log(`${runs} runs, alpha .05, 2 % of the items audited, change after 12,500 items`);
console.log(`.03 -> .15: ${delays(figures.tripled)}`);
console.log(`.03 -> .10: ${delays(figures.doubled)}`);
console.log(`60,000 items at .03: ${percent(figures.quiet.falseAlarmShare)} false alarms`);
console.log(`60,000 items at .05, the boundary: ${percent(figures.boundary.falseAlarmShare)} alarms`);
console.log(
  `scores, 60,000 unmoved items, ${scoreRuns} runs: ${percent(scores.quiet100)} false alarms after 100 calibration items, ` +
    `${percent(scores.quiet500)} after 500; squared scores seen within 1,000 items: ${percent(scores.moved)}`,
);
console.log(
  `anchors, tolerance .05: ${percent(anchors.falseAlarmShare)} false alarms in 43,200 answers of which .02 flip; .15 flipping: ${delays(anchors)}`,
);
console.log(
  JSON.stringify({
    bench: 'drift',
    runs,
    seed,
    tripled_median_audits: figures.tripled.medianDelay,
    tripled_p90_audits: figures.tripled.p90Delay,
    doubled_median_audits: figures.doubled.medianDelay,
    doubled_p90_audits: figures.doubled.p90Delay,
    false_alarm_share: figures.quiet.falseAlarmShare,
    boundary_alarm_share: figures.boundary.falseAlarmShare,
    score_false_alarm_share_100: scores.quiet100,
    score_false_alarm_share_500: scores.quiet500,
    score_shift_seen_share: scores.moved,
    anchor_false_alarm_share: anchors.falseAlarmShare,
    anchor_median_answers: anchors.medianDelay,
  }),
);
