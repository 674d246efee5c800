import { element, escapeText } from './markup.ts';
import type { Mark } from './mark.ts';
import { legend, legendHeight } from './legend.ts';
import { drawMark, type Frame } from './draw.ts';
import { linearScale, ticksOf } from './scale.ts';

/** One axis: what it shows and from where to where. */
export interface Axis {
  readonly label: string;
  readonly domain: readonly [number, number];
  readonly format: (value: number) => string;
  /** Names that stand at 0, 1, 2, … instead of numbers. */
  readonly categories?: readonly string[];
}

/** A plot as data; `renderChart` makes an SVG of it. */
export interface Chart {
  readonly title: string;
  /** One or two sentences that say what is to be seen, also for those who cannot see it. */
  readonly description: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly marks: readonly Mark[];
}

const WIDTH = 560;
const PLOT_HEIGHT = 300;
const LEFT = 62;
const RIGHT = 24;
const TOP = 10;
/** Room for tick labels and the name of the x axis. */
const BELOW = 46;
const TICKS = 5;

/** A plot with axes, grid and legend as one SVG element; colours come from the page's style sheet. */
export function renderChart(chart: Chart): string {
  const head = TOP + legendHeight(chart.marks, WIDTH - LEFT - RIGHT);
  const bottom = head + PLOT_HEIGHT;
  const frame: Frame = {
    left: LEFT,
    right: WIDTH - RIGHT,
    top: head,
    bottom,
    x: linearScale(chart.x.domain, [LEFT, WIDTH - RIGHT]),
    y: linearScale(chart.y.domain, [bottom, head]),
  };
  const parts = [
    element('title', {}, escapeText(chart.title)),
    element('desc', {}, escapeText(chart.description)),
    legend(chart.marks, { left: LEFT, top: TOP, width: WIDTH - LEFT - RIGHT }),
    gridAndTicks(chart, frame),
    chart.marks.map((mark) => drawMark(mark, frame)).join(''),
    axisNames(chart, frame),
  ];
  const attributes = { viewBox: `0 0 ${WIDTH} ${bottom + BELOW}`, role: 'img', class: 'chart' };
  return element(
    'svg',
    { ...attributes, 'aria-label': `${chart.title}. ${chart.description}` },
    parts.join(''),
  );
}

function gridAndTicks({ x, y }: Chart, frame: Frame): string {
  const { left, right, top, bottom } = frame;
  const rows = ticksOf(y.domain, TICKS).map((value) => {
    const at = frame.y.at(value);
    const label = element('text', { x: left - 8, y: at + 4, class: 'tick end' }, escapeText(y.format(value)));
    return element('line', { x1: left, x2: right, y1: at, y2: at, class: 'grid' }) + label;
  });
  const columns = columnTicks(x).map(({ value, text }) => {
    const at = frame.x.at(value);
    const label = element('text', { x: at, y: bottom + 18, class: 'tick middle' }, escapeText(text));
    const line = element('line', { x1: at, x2: at, y1: top, y2: bottom, class: 'grid' });
    return (x.categories === undefined ? line : '') + label;
  });
  const axis = element('line', { x1: left, x2: right, y1: bottom, y2: bottom, class: 'axis' });
  return rows.join('') + columns.join('') + axis;
}

function columnTicks(x: Axis): { readonly value: number; readonly text: string }[] {
  if (x.categories !== undefined) return x.categories.map((text, value) => ({ value, text }));
  return ticksOf(x.domain, TICKS).map((value) => ({ value, text: x.format(value) }));
}

function axisNames({ x, y }: Chart, { left, right, top, bottom }: Frame): string {
  const middle = (top + bottom) / 2;
  return (
    element('text', { x: (left + right) / 2, y: bottom + 40, class: 'name middle' }, escapeText(x.label)) +
    element(
      'text',
      { x: 14, y: middle, class: 'name middle', transform: `rotate(-90 14 ${middle})` },
      escapeText(y.label),
    )
  );
}
