import { describe, expect, it } from 'vitest';
import { createRiskDetector, restoreRiskDetector } from '../../../src/statistics/e-process.ts';
import type { DetectorKind } from '../../../src/statistics/e-process.ts';
import { createSeededRandom } from '../../../src/statistics/random.ts';

const random = createSeededRandom(2026);
const lossAt = (risk: number): number => (random.uniform() < risk ? 1 : 0);

/** Audits from the change until the alarm, after `before` good ones. */
function medianDelay(kind: DetectorKind, threshold: number, before: number, risk: number): number {
  const delays = Array.from({ length: 400 }, () => {
    const detector = createRiskDetector(kind, 0.05);
    for (let i = 0; i < before; i += 1) detector.observe(lossAt(0.03));
    for (let audits = 1; audits <= 5000; audits += 1) {
      if (detector.observe(lossAt(risk)) >= Math.log(threshold)) return audits;
    }
    return 5000;
  });
  return delays.toSorted((a, b) => a - b)[200]!;
}

/** The share of streams of 1,200 audits that ever alarm. */
function alarmRate(kind: DetectorKind, threshold: number, risk: number): number {
  let alarms = 0;
  for (let run = 0; run < 600; run += 1) {
    const detector = createRiskDetector(kind, 0.05);
    for (let i = 0; i < 1200; i += 1) detector.observe(lossAt(risk));
    if (detector.reached(threshold)) alarms += 1;
  }
  return alarms / 600;
}

describe('risk detectors', () => {
  it('multiplies wealth as the bet says', () => {
    const detector = createRiskDetector('e-process', 0.1, [2]);
    expect(detector.observe(1)).toBeCloseTo(Math.log(2.8), 12);
    expect(detector.observe(0)).toBeCloseTo(Math.log(2.8 * 0.8), 12);
    expect(detector.reached(2.79)).toBe(true);
    expect(detector.reached(2.81)).toBe(false);
    expect(detector.observe(1, 0.5)).toBeCloseTo(Math.log(2.8 * 0.8 * 1.8), 12);
  });

  it('never starts a bet below 1 as a CUSUM, and adds all starts as Shiryaev and Roberts do', () => {
    const cusum = createRiskDetector('e-cusum', 0.1, [2]);
    for (const loss of [0, 0, 0, 1]) cusum.observe(loss);
    expect(cusum.logEvidence()).toBeCloseTo(Math.log(2.8), 12);
    const sum = createRiskDetector('shiryaev-roberts', 0.1, [2]);
    expect(sum.observe(0)).toBeCloseTo(Math.log(0.8), 12);
    expect(sum.observe(1)).toBeCloseTo(Math.log(1.8 * 2.8), 12);
  });

  it.each(['e-process', 'e-cusum', 'shiryaev-roberts'] as const)('goes on from its JSON (%s)', (kind) => {
    const detector = createRiskDetector(kind, 0.05);
    const copy = restoreRiskDetector(JSON.parse(JSON.stringify(detector.state())));
    for (const loss of [0, 1, 0, 0, 1]) {
      detector.observe(loss);
      copy.observe(loss);
    }
    const later = restoreRiskDetector(JSON.parse(JSON.stringify(copy.state())));
    expect(later.observe(1)).toBe(detector.observe(1));
    expect(later.state()).toEqual(detector.state());
    expect(later.state().observations).toBe(6);
  });

  it('leaves out bets that could be ruined, and refuses them when told', () => {
    expect(createRiskDetector('e-process', 0.3).state().bets).toEqual([0.25, 0.5, 1, 2]);
    expect(() => createRiskDetector('e-process', 0.5, [2])).toThrow('below 2');
    expect(() => createRiskDetector('e-process', 1)).toThrow('inside (0, 1)');
    expect(() => createRiskDetector('e-process', 0.1).observe(-1)).toThrow('0 or more');
  });

  it('stays finite over 200,000 audits that are half wrong', () => {
    for (const kind of ['e-process', 'e-cusum', 'shiryaev-roberts'] as const) {
      const detector = createRiskDetector(kind, 0.05);
      for (let i = 0; i < 200_000; i += 1) detector.observe(i % 2);
      expect(Number.isFinite(detector.logEvidence())).toBe(true);
    }
  });

  it('keeps the promise of Ville at the very boundary', () => {
    // 1,200 audits at exactly alpha, threshold 1/delta = 10: at most .1, three standard errors of chance allowed.
    expect(alarmRate('e-process', 10, 0.05)).toBeLessThanOrEqual(0.1 + 0.037);
  });

  it.each([
    ['e-cusum', 100],
    ['shiryaev-roberts', 1500],
  ] as const)('catches .03 -> .15 soon and .03 rarely (%s at %d)', (kind, threshold) => {
    expect(alarmRate(kind, threshold, 0.03)).toBeLessThanOrEqual(0.05);
    expect(medianDelay(kind, threshold, 300, 0.15)).toBeLessThanOrEqual(75);
    expect(medianDelay(kind, threshold, 0, 0.15)).toBeLessThanOrEqual(75);
    expect(medianDelay(kind, threshold, 300, 0.1)).toBeLessThanOrEqual(160);
  });

  it('keeps its promise for audits drawn with unlike probabilities', () => {
    // Half the traffic is audited at .3 and errs at .08, half at .1 and errs at .02: risk .05, mean probability .2.
    // So three of four audits are of the first half.
    let alarms = 0;
    for (let run = 0; run < 400; run += 1) {
      const detector = createRiskDetector('e-process', 0.05);
      for (let i = 0; i < 1200; i += 1) {
        const hard = random.uniform() < 0.75;
        detector.observe(lossAt(hard ? 0.08 : 0.02), 0.2 / (hard ? 0.3 : 0.1));
      }
      if (detector.reached(10)) alarms += 1;
    }
    expect(alarms / 400).toBeLessThanOrEqual(0.1 + 0.045);
  });
});
