import type { TextOutput } from '../io.ts';
import { formatCount, formatDuration, formatRate, formatShare, formatUsd } from '../print/numbers.ts';
import { createPaint, type Paint, widthOf } from '../print/paint.ts';
import type { OutputRow } from './row.ts';
import { Tally } from './tally.ts';

/** Tells how far a run is. */
export interface Progress {
  start(run: { readonly total: number; readonly kept: number }): void;
  count(row: OutputRow): void;
  /** A line that stays. */
  note(text: string): void;
  end(): void;
}

/** What the progress line shows. */
export interface ProgressState {
  readonly total: number;
  /** Rows from an earlier run. */
  readonly kept: number;
  /** Rows of this run. */
  readonly tally: Tally;
  readonly seconds: number;
}

const REDRAW_MS = 100;
const PLAIN_LINE_MS = 5000;
const DEFAULT_WIDTH = 100;
const CLEAR_LINE = '\r\u001b[K';

/** One line that is redrawn on a terminal, else a line every five seconds. */
export function createProgress(
  output: TextOutput,
  env: Readonly<Record<string, string | undefined>>,
): Progress {
  const onTerminal = output.isTTY === true;
  const paint = createPaint(output, env);
  const tally = new Tally();
  let run = { total: 0, kept: 0 };
  let start = 0;
  let timer: NodeJS.Timeout | undefined;
  const state = (): ProgressState => ({ ...run, tally, seconds: (performance.now() - start) / 1000 });
  const draw = (): void => {
    if (onTerminal)
      output.write(`${CLEAR_LINE}${renderBar(state(), output.columns ?? DEFAULT_WIDTH, paint)}`);
    else output.write(`${renderPlain(state())}\n`);
  };
  return {
    start(started) {
      run = started;
      start = performance.now();
      timer = setInterval(draw, onTerminal ? REDRAW_MS : PLAIN_LINE_MS);
      timer.unref();
      if (onTerminal) draw();
    },
    count(row) {
      // The first row starts the clock: a gateway's start is no time of labelling.
      if (tally.rows === 0) start = performance.now();
      tally.add(row);
    },
    note(text) {
      output.write(`${onTerminal ? CLEAR_LINE : ''}${paint('yellow', text)}\n`);
    },
    end() {
      if (timer === undefined) return;
      clearInterval(timer);
      timer = undefined;
      if (onTerminal) output.write(CLEAR_LINE);
    },
  };
}

export const silentProgress: Progress = {
  start: () => undefined,
  count: () => undefined,
  note: () => undefined,
  end: () => undefined,
};

/** `1,240/2,312 rows · 412/s · small 78 %, large 22 % · $0.0412 · 3 s left`. */
export function renderPlain(state: ProgressState): string {
  return [`${doneText(state)} rows`, ...facts(state)].join(' · ');
}

const SHORTEST_BAR = 8;
const LONGEST_BAR = 30;

/** The same with a bar in front; never wider than the terminal, as a wrapped line cannot be redrawn. */
export function renderBar(state: ProgressState, columns: number, paint: Paint): string {
  const text = ` ${[doneText(state), ...facts(state)].join(paint('dim', ' · '))}`;
  const room = columns - 1 - widthOf(text) - 2;
  if (room < SHORTEST_BAR) return shorten([doneText(state), ...facts(state)].join(' · '), columns - 1);
  const width = Math.min(LONGEST_BAR, room);
  const full = state.total === 0 ? 0 : Math.min(width, Math.floor((width * done(state)) / state.total));
  return `  ${paint('cyan', '━'.repeat(full))}${paint('dim', '─'.repeat(width - full))}${text}`;
}

function facts({ total, kept, tally, seconds }: ProgressState): string[] {
  const tiers = [...tally.tiers].map(([name, { labels }]) => `${name} ${formatShare(labels, tally.labels)}`);
  const left = Math.max(0, total - kept - tally.rows);
  return [
    formatRate(tally.rows, seconds),
    ...(tiers.length > 0 ? [tiers.join(', ')] : []),
    formatUsd(tally.nanoUsd),
    ...(tally.failed > 0 ? [`${formatCount(tally.failed)} failed`] : []),
    tally.rows === 0 ? 'starting' : `${formatDuration((left * seconds) / tally.rows)} left`,
  ];
}

function done({ kept, tally }: ProgressState): number {
  return kept + tally.rows;
}

function doneText(state: ProgressState): string {
  return `${formatCount(done(state))}/${formatCount(state.total)}`;
}

function shorten(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}
