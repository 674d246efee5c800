import type { JSX } from 'preact';
import { lanes } from '../state.ts';
import { count, percent } from './format.ts';
import { badge, row, table } from './table.ts';

const MOODS: Readonly<Record<string, 'good' | 'bad'>> = { certified: 'good', blocked: 'bad' };

/** What small judges may decide, lane by lane, and what audits say of it. */
export function Quality(): JSX.Element {
  const rows = lanes.value.map((lane) =>
    row(
      lane.team,
      lane.policy,
      lane.stratum,
      badge(lane.state, MOODS[lane.state] ?? 'plain'),
      lane.reason,
      count(lane.observations),
      count(lane.released),
      lane.audited === 0 ? '–' : percent(1 - lane.disagreed / lane.audited),
      count(lane.audited),
    ),
  );
  const heads = [
    'team',
    'policy',
    'stratum',
    'certificate',
    'why',
    'observations',
    'released',
    'agreement',
    'audited',
  ];
  const empty = 'No policy with a target has been asked yet.';
  return table({ title: 'Agreement and certificates', empty }, heads, rows);
}
