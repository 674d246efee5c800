import { type Paint, widthOf } from './paint.ts';

export interface Column {
  readonly title: string;
  /** Numbers go right, so that their digits stand below each other. */
  readonly align?: 'left' | 'right';
}

/** Lines of a table: a dim heading and aligned columns with two spaces between, indented by two. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  paint: Paint,
): string {
  const widths = columns.map(({ title }, index) =>
    Math.max(widthOf(title), ...rows.map((row) => widthOf(row[index] ?? ''))),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => pad(cell, widths[index] ?? 0, columns[index]?.align ?? 'left'))
      .join('  ')
      .trimEnd();
  const titles = columns.map((column) => column.title);
  const heading = titles.some((title) => title !== '') ? [`  ${paint('dim', line(titles))}`] : [];
  return [...heading, ...rows.map((row) => `  ${line(row)}`)].map((text) => `${text}\n`).join('');
}

/** Lines of names and values. */
export function renderFacts(facts: readonly (readonly [string, string])[], paint: Paint): string {
  const width = Math.max(0, ...facts.map(([name]) => widthOf(name)));
  return facts.map(([name, value]) => `  ${paint('dim', pad(name, width, 'left'))}  ${value}\n`).join('');
}

function pad(text: string, width: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)));
  return align === 'right' ? space + text : text + space;
}
