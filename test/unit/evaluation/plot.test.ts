import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderChart } from '../../../src/evaluation/plot/chart.ts';
import { element, escapeText } from '../../../src/evaluation/plot/markup.ts';
import { domainOf, linearScale, ticksOf } from '../../../src/evaluation/plot/scale.ts';

describe('scales', () => {
  it('puts ticks at round numbers', () => {
    expect(ticksOf([0, 1], 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(ticksOf([0.43, 1], 5)).toEqual([0.6, 0.8, 1]);
    expect(ticksOf([0, 1234], 5)).toEqual([0, 500, 1000]);
    expect(ticksOf([3, 3], 5)).toEqual([3]);
  });

  it('keeps ticks inside and few, whatever the domain', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
        (low, width) => {
          const ticks = ticksOf([low, low + width], 5);
          expect(ticks.length).toBeLessThanOrEqual(11);
          for (const tick of ticks) {
            expect(tick).toBeGreaterThanOrEqual(low - width * 1e-6 - 1e-6);
            expect(tick).toBeLessThanOrEqual(low + width + width * 1e-6 + 1e-6);
          }
        },
      ),
    );
  });

  it('maps domains to pixels and holds odd ones', () => {
    expect(linearScale([0, 10], [100, 0]).at(2.5)).toBe(75);
    expect(linearScale([1, 1], [0, 50]).at(1)).toBe(25);
    expect(domainOf([], {})).toEqual([-0.05, 1.05]);
    expect(domainOf([0.2, Number.NaN, 0.4], { low: 0 })).toEqual([0, expect.closeTo(0.41, 9)]);
  });
});

describe('charts', () => {
  it('escapes texts', () => {
    expect(escapeText(`<a href="x">&'`)).toBe('&lt;a href=&quot;x&quot;&gt;&amp;&#39;');
    expect(element('rect', { x: 1 / 3, y: undefined, class: 'a"b' })).toBe(
      '<rect x="0.33" class="a&quot;b"></rect>',
    );
  });

  it('draws every mark where its numbers say and leaves out what is none', () => {
    const axis = { domain: [0, 1] as const, format: String };
    const svg = renderChart({
      title: 'T',
      description: 'D.',
      x: { ...axis, label: 'across' },
      y: { ...axis, label: 'up' },
      marks: [
        {
          type: 'line',
          series: 1,
          points: [
            { x: 0, y: 0 },
            { x: Number.NaN, y: 1 },
            { x: 1, y: 1 },
          ],
        },
        {
          type: 'dots',
          series: 2,
          points: [
            { x: 0.5, y: 0.5 },
            { x: 0.5, y: Number.POSITIVE_INFINITY },
          ],
        },
        { type: 'bars', series: 3, bars: [{ x: 0.5, y: 1, width: 0.5 }] },
        { type: 'rule', series: 5, along: 'x', at: 0.25 },
      ],
    });
    expect(svg).toContain('aria-label="T. D."');
    expect(svg).toContain('<path d="M62 310L536 10" class="line s1">');
    expect(svg.match(/<circle cx="299" cy="160"/g)).toHaveLength(1);
    expect(svg).toContain('<rect x="180.5" y="10" width="237" height="300" class="bar s3">');
    expect(svg).toContain('<line x1="62" x2="536" y1="235" y2="235" class="line s5">');
    expect(svg).not.toMatch(/NaN|Infinity/);
  });
});
