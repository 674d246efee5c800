import { signal } from '@preact/signals';
import { h, type JSX } from 'preact';
import type { Asked, RecentVerdict } from '../admin.ts';
import { verdicts } from '../state.ts';
import { clock, dollars, percent } from './format.ts';
import { badge, row, table } from './table.ts';

/** The verdict whose trail is shown. */
const opened = signal<string | null>(null);

export function Verdicts(): JSX.Element {
  const rows = verdicts.value.flatMap((verdict) =>
    opened.value === verdict.id ? [verdictRow(verdict), why(verdict)] : [verdictRow(verdict)],
  );
  const heads = ['time (UTC)', 'item', 'team', 'policy', 'label', 'confidence', 'tier', 'cost', 'ms', ''];
  return table({ title: 'Recent verdicts', empty: 'None since the gateway started.' }, heads, rows);
}

function verdictRow(verdict: RecentVerdict): JSX.Element {
  const isOpen = opened.value === verdict.id;
  const toggle = (): void => {
    opened.value = isOpen ? null : verdict.id;
  };
  return row(
    clock(verdict.at),
    verdict.item_id,
    verdict.team,
    verdict.policy,
    verdict.label === null && verdict.outcome !== 'ok'
      ? badge(verdict.outcome, 'bad')
      : badge(verdict.label ?? verdict.outcome, 'good'),
    percent(verdict.confidence),
    verdict.cache === null ? (verdict.tier ?? '–') : `${verdict.tier ?? '–'} (${verdict.cache} in the cache)`,
    dollars(verdict.cost_usd),
    verdict.ms.toFixed(0),
    h('button', { type: 'button', onClick: toggle, 'aria-expanded': isOpen }, isOpen ? 'close' : 'why?'),
  );
}

/** Why the verdict is what it is: what was decided, and who said what. */
function why({ id, decisions, trail, flags, error }: RecentVerdict): JSX.Element {
  return h(
    'tr',
    { class: 'why' },
    h(
      'td',
      { colSpan: 10 },
      h('p', null, h('code', null, id), flags.length === 0 ? '' : ` flags: ${flags.join(', ')}`),
      error === null ? null : h('p', null, `${error.code}: ${error.message}`),
      h(
        'ol',
        null,
        ...decisions.map(({ tier, accepted, reason }) =>
          h('li', null, `${tier} ${accepted ? 'was accepted' : 'was not enough'}: ${reason}`),
        ),
      ),
      h('ul', null, ...trail.map((entry) => h('li', null, asked(entry)))),
    ),
  );
}

function asked({ judge, engine, replica, order, p_first, label_mass, ms, cost_usd, error }: Asked): string {
  const who = `${judge} on ${replica ?? engine}${order === null ? '' : `, order ${order}`}`;
  const said =
    error === null ? `P(first) ${percent(p_first)}, label mass ${percent(label_mass)}` : error.code;
  return `${who}: ${said}; ${ms.toFixed(0)} ms, ${dollars(cost_usd)}`;
}
