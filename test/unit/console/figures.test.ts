import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseExposition, sum, sumBy } from '../../../src/console/exposition.ts';
import { pacesOf, readingOf, sharesOf, withReading } from '../../../src/console/history.ts';

const TEXT = `# HELP assay_verdicts_total Verdicts given.
# TYPE assay_verdicts_total counter
assay_verdicts_total{team="a",tier="small",outcome="ok",cached="no"} 30
assay_verdicts_total{team="b",tier="large",outcome="tie",cached="no"} 10
assay_verdicts_total{team="b",tier="large",outcome="ok",cached="exact"} 5
assay_verdicts_total{team="b",tier="none",outcome="engine_failed",cached="no"} 5
assay_cost_dollars_total{team="a",tier="small",component="serve"} 0.25
assay_cost_dollars_total{team="a",tier="large",component="audit"} 2e-1
assay_http_in_flight 3
this is no figure
`;

function reading(at: number, labels: number, dollars: number) {
  return { at, labels, verdicts: labels, dollars, byTier: new Map<string, number>() };
}

describe('the figures of the console', () => {
  it('reads the text of /metrics', () => {
    const figures = parseExposition(TEXT);
    expect(sum(figures, 'assay_http_in_flight')).toBe(3);
    expect(sum(figures, 'assay_absent')).toBe(0);
    expect(sumBy(figures, 'assay_verdicts_total', 'team')).toEqual(
      new Map([
        ['a', 30],
        ['b', 20],
      ]),
    );
  });

  it('reads whatever a label holds', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        const escaped = value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
        const figures = parseExposition(`x{a="${escaped}",b="2"} 7`);
        expect(figures.get('x')).toEqual([{ labels: { a: value, b: '2' }, value: 7 }]);
      }),
    );
  });

  it('counts labels, all that was spent, and which tier was paid for them', () => {
    const { labels, verdicts, dollars, byTier } = readingOf(parseExposition(TEXT), 1);
    expect([labels, verdicts, dollars]).toEqual([45, 50, 0.45]);
    expect(sharesOf(byTier)).toEqual([
      { name: 'small', share: 0.75 },
      { name: 'large', share: 0.25 },
    ]);
  });

  it('tells the pace between readings, and no cost where no label was given', () => {
    const paces = pacesOf([reading(0, 0, 0), reading(2, 10, 0.1), reading(4, 10, 0.1)]);
    expect(paces).toEqual([
      { at: 2, labelsPerSecond: 5, dollarsPerLabel: 0.01 },
      { at: 4, labelsPerSecond: 2.5, dollarsPerLabel: 0.01 },
    ]);
    expect(pacesOf([reading(0, 7, 1), reading(2, 7, 1)])).toEqual([
      { at: 2, labelsPerSecond: 0, dollarsPerLabel: null },
    ]);
  });

  it('begins again when the gateway did, and holds ten minutes', () => {
    expect(withReading([reading(0, 9, 1)], reading(2, 3, 0))).toEqual([reading(2, 3, 0)]);
    const many = Array.from({ length: 300 }, (_, i) => reading(2 * i, i, 0));
    const next = withReading(many, reading(600, 300, 0));
    expect([next.length, next[0]?.at, next.at(-1)?.at]).toEqual([300, 2, 600]);
  });
});
