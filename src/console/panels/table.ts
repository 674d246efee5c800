import { type ComponentChild, h, type JSX } from 'preact';

export interface Panel {
  readonly title: string;
  /** Said where there is nothing to show. */
  readonly empty: string;
}

/** A titled table; rows are lists of cells. */
export function table(panel: Panel, heads: readonly string[], rows: readonly JSX.Element[]): JSX.Element {
  const body =
    rows.length === 0
      ? h('p', { class: 'empty' }, panel.empty)
      : h(
          'div',
          { class: 'scroll' },
          h(
            'table',
            null,
            h('thead', null, h('tr', null, ...heads.map((head) => h('th', null, head)))),
            h('tbody', null, ...rows),
          ),
        );
  return h('section', null, h('h2', null, panel.title), body);
}

export function row(...cells: readonly ComponentChild[]): JSX.Element {
  return h('tr', null, ...cells.map((cell) => h('td', null, cell)));
}

/** A word with a colour: good, bad, or neither. */
export function badge(text: string, mood: 'good' | 'bad' | 'plain'): JSX.Element {
  return h('span', { class: `badge ${mood}` }, text);
}

/** A bar that is full at 1. */
export function bar(share: number): JSX.Element {
  return h('progress', { max: 1, value: share });
}
