import type { ReportTable } from '../../contracts/evaluation.ts';
import { type Chart, renderChart } from '../plot/chart.ts';
import { element, escapeText } from '../plot/markup.ts';
import type { Interval } from '../../statistics/binomial.ts';
import { formatFigure } from './format.ts';
import { STYLE } from './style.ts';

/** What a page shows, in this order. */
export interface PageContent {
  readonly title: string;
  /** One or two sentences on what was evaluated. */
  readonly lead: string;
  /** The few figures that answer the question, shown large. */
  readonly headline: readonly { readonly name: string; readonly value: string; readonly detail: string }[];
  readonly tables: readonly ReportTable[];
  readonly charts: readonly Chart[];
  readonly notes: readonly string[];
}

/** A headline of a figure with its interval below it. */
export function card(name: string, interval: Interval | null): PageContent['headline'][number] {
  const detail =
    interval === null ? '' : `95 %: ${formatFigure(interval.low)} to ${formatFigure(interval.high)}`;
  return { name, value: formatFigure(interval?.estimate ?? null), detail };
}

/** One HTML file that needs no other: no script, no font, no address is loaded. */
export function renderPage(content: PageContent): string {
  const { title, lead, headline, tables, charts, notes } = content;
  const body = [
    element(
      'header',
      {},
      element('h1', {}, escapeText(title)) + element('p', { class: 'lead' }, escapeText(lead)),
    ),
    section('headline', headline.map(renderHeadline)),
    section('tables', tables.map(renderTable)),
    section('charts', charts.map(renderFigure)),
    notes.length === 0 ? '' : renderNotes(notes),
    element(
      'footer',
      {},
      'Made by Assay. Intervals in brackets are 95 %, by bootstrap over prompts, unless a table says otherwise.',
    ),
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>${escapeText(title)}</title><style>${STYLE}</style></head>
<body><main>
${body.filter((part) => part !== '').join('\n')}
</main></body></html>
`;
}

function section(name: string, parts: readonly string[]): string {
  return parts.length === 0 ? '' : element('section', { class: name }, parts.join('\n'));
}

function renderHeadline({ name, value, detail }: PageContent['headline'][number]): string {
  return element(
    'div',
    { class: 'card' },
    element('div', { class: 'card-name' }, escapeText(name)) +
      element('div', { class: 'card-value' }, escapeText(value)) +
      element('div', { class: 'card-detail' }, escapeText(detail)),
  );
}

function renderTable({ title, columns, rows }: ReportTable): string {
  const cell = (tag: 'th' | 'td', text: string, index: number): string =>
    element(
      tag,
      {
        class: columns[index]?.align === 'right' ? 'right' : undefined,
        scope: tag === 'th' ? 'col' : undefined,
      },
      escapeText(text),
    );
  const head = columns.map((column, index) => cell('th', column.title, index)).join('');
  const body = rows.map((row) =>
    element('tr', {}, row.map((text, index) => cell('td', text, index)).join('')),
  );
  const table = element('thead', {}, element('tr', {}, head)) + element('tbody', {}, body.join(''));
  return element(
    'div',
    { class: 'table' },
    element('table', {}, element('caption', {}, escapeText(title)) + table),
  );
}

function renderFigure(chart: Chart): string {
  const caption =
    element('h2', {}, escapeText(chart.title)) + element('p', {}, escapeText(chart.description));
  return element('figure', {}, element('figcaption', {}, caption) + renderChart(chart));
}

function renderNotes(notes: readonly string[]): string {
  const entries = notes.map((note) => element('li', {}, escapeText(note))).join('');
  return element(
    'section',
    { class: 'notes' },
    element('h2', {}, 'How to read this') + element('ul', {}, entries),
  );
}
