import type { Mark } from './mark.ts';
import { element, escapeText } from './markup.ts';

const ROW = 20;
const KEY = 18;
const GAP = 16;
/** Mean width of a character of the legend's font, in pixels; texts are not measured. */
const CHARACTER = 6.6;

interface Place {
  readonly left: number;
  readonly top: number;
  readonly width: number;
}

interface Entry {
  readonly mark: Mark;
  readonly name: string;
  readonly x: number;
  readonly row: number;
}

/** Height that the legend takes, in pixels; 0 when no mark has a name. */
export function legendHeight(marks: readonly Mark[], width: number): number {
  const last = entriesOf(marks, width).at(-1);
  return last === undefined ? 0 : (last.row + 1) * ROW + 6;
}

/** Names of the marks with their colours, in as many rows as they need. */
export function legend(marks: readonly Mark[], { left, top, width }: Place): string {
  return entriesOf(marks, width)
    .map(({ mark, name, x, row }) => {
      const y = top + row * ROW + 8;
      const text = element('text', { x: left + x + KEY + 6, y: y + 4, class: 'key' }, escapeText(name));
      return keyOf(mark, left + x, y) + text;
    })
    .join('');
}

function entriesOf(marks: readonly Mark[], width: number): Entry[] {
  const entries: Entry[] = [];
  let x = 0;
  let row = 0;
  for (const mark of marks) {
    if (mark.name === undefined) continue;
    const needed = KEY + 6 + mark.name.length * CHARACTER;
    if (x > 0 && x + needed > width) {
      x = 0;
      row += 1;
    }
    entries.push({ mark, name: mark.name, x, row });
    x += needed + GAP;
  }
  return entries;
}

function keyOf(mark: Mark, x: number, y: number): string {
  const className = `s${mark.series}`;
  switch (mark.type) {
    case 'band':
    case 'bars':
      return element('rect', {
        x,
        y: y - 5,
        width: KEY,
        height: 10,
        class: `${mark.type === 'band' ? 'band' : 'bar'} ${className}`,
      });
    case 'dots':
      return element('circle', { cx: x + KEY / 2, cy: y, r: 4, class: `dot ${className}` });
    default: {
      const dashed = 'dashed' in mark && mark.dashed === true ? ' dashed' : '';
      return element('line', { x1: x, x2: x + KEY, y1: y, y2: y, class: `line ${className}${dashed}` });
    }
  }
}
