import { h, type JSX } from 'preact';
import { sumBy } from '../exposition.ts';
import { sharesOf } from '../history.ts';
import { figures, paces, readings } from '../state.ts';
import { Chart } from './chart.ts';
import { count, dollars, percent, rate } from './format.ts';
import { bar } from './table.ts';

/** What leads look at: how many labels, for how much, and who gave them. */
export function Overview(): JSX.Element {
  const last = readings.value.at(-1);
  const pace = paces.value.at(-1);
  const labels = last?.labels ?? 0;
  const times = paces.value.map(({ at }) => at);
  return h(
    'section',
    null,
    h(
      'div',
      { class: 'tiles' },
      tile('labels / s', rate(pace?.labelsPerSecond ?? 0)),
      tile('cost per label', labels === 0 ? '–' : dollars((last?.dollars ?? 0) / labels)),
      tile('labels since the start', count(labels)),
      tile('without a label', percent(withoutLabel())),
    ),
    h(
      'div',
      { class: 'charts' },
      h(Chart, {
        title: 'Labels per second',
        times,
        values: paces.value.map(({ labelsPerSecond }) => labelsPerSecond),
        format: rate,
      }),
      h(Chart, {
        title: 'Cost per label, fully loaded',
        times,
        values: paces.value.map(({ dollarsPerLabel }) => dollarsPerLabel),
        format: dollars,
      }),
    ),
    h(
      'div',
      { class: 'charts' },
      shares('Labels by tier', last?.byTier ?? new Map()),
      shares('Verdicts by outcome', outcomes()),
    ),
  );
}

function tile(name: string, value: string): JSX.Element {
  return h('div', { class: 'tile' }, h('strong', null, value), h('span', null, name));
}

function outcomes(): ReadonlyMap<string, number> {
  return sumBy(figures.value, 'assay_verdicts_total', 'outcome');
}

function withoutLabel(): number | null {
  const last = readings.value.at(-1);
  return last === undefined || last.verdicts === 0 ? null : 1 - last.labels / last.verdicts;
}

function shares(title: string, counts: ReadonlyMap<string, number>): JSX.Element {
  const parts = sharesOf(counts);
  return h(
    'figure',
    null,
    h('figcaption', null, title),
    parts.length === 0
      ? h('p', { class: 'empty' }, 'None yet.')
      : h(
          'dl',
          null,
          ...parts.flatMap(({ name, share }) => [
            h('dt', null, name),
            h('dd', null, bar(share), ' ', percent(share)),
          ]),
        ),
  );
}
