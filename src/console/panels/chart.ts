import { h, type JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import UPlot from 'uplot';
import { clock } from './format.ts';

export interface ChartPlan {
  readonly title: string;
  readonly times: readonly number[];
  readonly values: readonly (number | null)[];
  readonly format: (value: number) => string;
}

const HEIGHT = 160;

/** One line over the last minutes. */
export function Chart({ title, times, values, format }: ChartPlan): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot | null>(null);
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const size = () => ({ width: Math.max(200, element.clientWidth), height: HEIGHT });
    const color = getComputedStyle(element).getPropertyValue('--line');
    const ink = getComputedStyle(element).getPropertyValue('--quiet');
    const axis = { stroke: ink, grid: { stroke: ink, width: 0.2 } };
    plot.current = new UPlot(
      {
        ...size(),
        legend: { show: false },
        cursor: { show: false },
        scales: { y: { range: (_, __, most) => [0, most > 0 ? most * 1.1 : 1] } },
        axes: [
          { ...axis, space: 80, values: (_, seconds) => seconds.map((at) => clock(at * 1_000)) },
          { ...axis, size: 90, values: (_, ticks) => ticks.map(format) },
        ],
        series: [{}, { stroke: color, width: 2, spanGaps: false, points: { show: false } }],
      },
      [[], []],
      element,
    );
    const resize = (): void => plot.current?.setSize(size());
    addEventListener('resize', resize);
    return () => {
      removeEventListener('resize', resize);
      plot.current?.destroy();
    };
  }, []);
  useEffect(() => plot.current?.setData([[...times], [...values]]), [times, values]);
  return h('figure', null, h('figcaption', null, title), h('div', { ref: place }));
}
