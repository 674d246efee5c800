import type { Interval, Mark, Point } from './mark.ts';
import { element, escapeText } from './markup.ts';
import type { Scale } from './scale.ts';

/** The inside of the axes, in pixels. */
export interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly x: Scale;
  readonly y: Scale;
}

const WHISKER_CAP = 4;
const DOT_RADIUS = 3.5;

/** A mark as SVG; values that are no finite number are left out. */
export function drawMark(mark: Mark, frame: Frame): string {
  const className = `s${mark.series}`;
  switch (mark.type) {
    case 'line':
      return element('path', {
        d: linePath(mark, frame),
        class: `line ${className}${mark.dashed ? ' dashed' : ''}`,
      });
    case 'band':
      return element('path', { d: bandPath(mark.intervals, frame), class: `band ${className}` });
    case 'rule':
      return drawRule(mark, frame);
    case 'dots':
      return finite(mark.points)
        .map(({ x, y, hint }) => {
          const attributes = {
            cx: frame.x.at(x),
            cy: frame.y.at(y),
            r: mark.radius ?? DOT_RADIUS,
            class: `dot ${className}`,
          };
          return element('circle', attributes, hintOf(hint));
        })
        .join('');
    case 'whiskers':
      return mark.intervals
        .map((interval) => element('path', { d: whiskerPath(interval, frame), class: `line ${className}` }))
        .join('');
    case 'bars':
      return finite(mark.bars)
        .map((bar) => drawBar(bar, className, frame))
        .join('');
  }
}

function hintOf(hint: string | undefined): string {
  return hint === undefined ? '' : element('title', {}, escapeText(hint));
}

function drawRule({ at, along, series, dashed }: Mark & { readonly type: 'rule' }, frame: Frame): string {
  const { left, right, top, bottom } = frame;
  const place =
    along === 'x'
      ? { x1: left, x2: right, y1: frame.y.at(at), y2: frame.y.at(at) }
      : { x1: frame.x.at(at), x2: frame.x.at(at), y1: top, y2: bottom };
  return element('line', { ...place, class: `line s${series}${dashed ? ' dashed' : ''}` });
}

function drawBar(
  { x, y, width, hint }: Point & { readonly width: number; readonly hint?: string },
  className: string,
  frame: Frame,
): string {
  const left = frame.x.at(x - width / 2);
  const right = frame.x.at(x + width / 2);
  const base = frame.y.at(Math.max(0, frame.y.domain[0]));
  const top = frame.y.at(y);
  const place = { x: left, y: Math.min(base, top), width: right - left, height: Math.abs(base - top) };
  return element('rect', { ...place, class: `bar ${className}` }, hintOf(hint));
}

function finite<P extends Point>(points: readonly P[]): P[] {
  return points.filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));
}

function linePath({ points, step }: Mark & { readonly type: 'line' }, frame: Frame): string {
  const path: string[] = [];
  for (const { x, y } of finite(points)) {
    const at = pair(frame.x.at(x), frame.y.at(y));
    if (path.length === 0) path.push(`M${at}`);
    else path.push(step ? `H${round(frame.x.at(x))}V${round(frame.y.at(y))}` : `L${at}`);
  }
  return path.join('');
}

function bandPath(intervals: readonly Interval[], frame: Frame): string {
  if (intervals.length === 0) return '';
  const upper = intervals.map(({ x, high }) => pair(frame.x.at(x), frame.y.at(high)));
  const lower = intervals.map(({ x, low }) => pair(frame.x.at(x), frame.y.at(low))).toReversed();
  return `M${[...upper, ...lower].join('L')}Z`;
}

function whiskerPath({ x, low, high }: Interval, frame: Frame): string {
  const at = frame.x.at(x);
  const [bottom, top] = [round(frame.y.at(low)), round(frame.y.at(high))];
  const [left, right] = [round(at - WHISKER_CAP), round(at + WHISKER_CAP)];
  return `M${round(at)} ${bottom}V${top}M${left} ${bottom}H${right}M${left} ${top}H${right}`;
}

function pair(x: number, y: number): string {
  return `${round(x)} ${round(y)}`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
