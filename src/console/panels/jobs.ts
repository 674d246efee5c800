import { h, type JSX } from 'preact';
import { jobs } from '../state.ts';
import { clock, count, dollars, rate } from './format.ts';
import { badge, bar, row, table } from './table.ts';

const BAD = new Set(['cancelled', 'expired', 'over_budget']);

export function Jobs(): JSX.Element {
  const rows = (jobs.value ?? []).map((job) =>
    row(
      h('code', null, job.id),
      job.team,
      job.policy,
      badge(job.state, job.state === 'completed' ? 'good' : BAD.has(job.state) ? 'bad' : 'plain'),
      h(
        'span',
        null,
        bar(job.items === 0 ? 1 : job.finished / job.items),
        ` ${count(job.finished)} of ${count(job.items)}`,
      ),
      job.labels_per_second === null ? '–' : rate(job.labels_per_second),
      dollars(job.cost_usd),
      job.expected_end_at === null ? '–' : clock(job.expected_end_at * 1_000),
    ),
  );
  const empty = jobs.value === null ? 'This gateway keeps no jobs: it has no database.' : 'No job yet.';
  const heads = ['job', 'team', 'policy', 'state', 'progress', 'items / s', 'cost', 'ends about (UTC)'];
  return table({ title: 'Jobs', empty }, heads, rows);
}
