import { formatCount, formatDuration, formatShare, formatUsd } from '../print/numbers.ts';
import { type Paint, widthOf } from '../print/paint.ts';
import { renderFacts, renderTable } from '../print/table.ts';
import type { WireJob } from './client.ts';

/** How jobs look on a terminal. `now` is in milliseconds since 1970. */
export function renderJobs(jobs: readonly WireJob[], paint: Paint, now: number): string {
  if (jobs.length === 0) return '  no jobs\n';
  const columns = [
    { title: 'job' },
    { title: 'state' },
    { title: 'items', align: 'right' as const },
    { title: 'done', align: 'right' as const },
    { title: 'cost', align: 'right' as const },
    { title: 'policy' },
    { title: 'age', align: 'right' as const },
    { title: 'left', align: 'right' as const },
  ];
  const rows = jobs.map((job) => [
    job.id,
    paintState(job.state, paint),
    formatCount(job.items),
    formatShare(job.finished, job.items),
    formatUsd(job.cost_usd * 1e9),
    job.policy,
    formatDuration(now / 1000 - job.created_at),
    job.expected_end_at === null ? '' : formatDuration(Math.max(0, job.expected_end_at - now / 1000)),
  ]);
  return renderTable(columns, rows, paint);
}

export function renderJob(job: WireJob, paint: Paint): string {
  const outcomes = Object.entries(job.outcomes).map(([name, count]) => `${name} ${formatCount(count)}`);
  const budget = job.budget_usd === null ? '' : ` of ${formatUsd(job.budget_usd * 1e9)}`;
  return renderFacts(
    [
      ['job', job.id],
      ['state', paintState(job.state, paint)],
      ['task', `${job.task}, policy ${job.policy}, priority ${job.priority}`],
      ['items', `${formatCount(job.finished)} of ${formatCount(job.items)} finished`],
      ['outcomes', outcomes.join(', ') || '–'],
      ['unreadable', formatCount(job.invalid_items)],
      ['cost', `${formatUsd(job.cost_usd * 1e9)}${budget}`],
      ['rate', job.labels_per_second === null ? '–' : `${job.labels_per_second}/s`],
      ['created', instant(job.created_at)],
      ['ended', job.ended_at === null ? '–' : instant(job.ended_at)],
      ['expires', instant(job.expires_at)],
      ['expected end', job.expected_end_at === null ? '–' : instant(job.expected_end_at)],
    ],
    paint,
  );
}

function instant(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}

function paintState(state: WireJob['state'], paint: Paint): string {
  if (state === 'completed') return paint('green', state);
  if (state === 'running' || state === 'queued') return paint('cyan', state);
  return paint('yellow', state);
}

const SHORTEST_BAR = 8;
const LONGEST_BAR = 30;

/** One line: `  ━━━━──── 1,240/2,312 · 412/s · $0.0412 · 3 s left`; never wider than the terminal. */
export function renderJobBar(job: WireJob, columns: number, paint: Paint, now: number): string {
  const facts = factsOf(job, now);
  const text = ` ${facts.join(paint('dim', ' · '))}`;
  const room = columns - 3 - widthOf(text);
  if (room < SHORTEST_BAR) return facts.join(' · ').slice(0, columns - 1);
  const width = Math.min(LONGEST_BAR, room);
  const full = job.items === 0 ? 0 : Math.floor((width * job.finished) / job.items);
  return `  ${paint('cyan', '━'.repeat(full))}${paint('dim', '─'.repeat(width - full))}${text}`;
}

export function renderJobLine(job: WireJob, now: number): string {
  return factsOf(job, now).join(' · ');
}

function factsOf(job: WireJob, now: number): string[] {
  const failed = job.finished - (job.outcomes['ok'] ?? 0) - (job.outcomes['tie'] ?? 0);
  return [
    `${formatCount(job.finished)}/${formatCount(job.items)}`,
    job.state,
    ...(job.labels_per_second === null ? [] : [`${job.labels_per_second}/s`]),
    formatUsd(job.cost_usd * 1e9),
    ...(failed > 0 ? [`${formatCount(failed)} without a label`] : []),
    ...(job.expected_end_at === null
      ? []
      : [`${formatDuration(Math.max(0, job.expected_end_at - now / 1000))} left`]),
  ];
}
