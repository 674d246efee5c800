import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { calibrate, fitCalibrator } from '../../../../src/routing/confidence/calibrator.ts';
import { builtInModel, scoreOf, trainModel } from '../../../../src/routing/confidence/score-model.ts';
import { stageSignalsOf, witnessesOf } from '../../../../src/routing/confidence/stage-signals.ts';
import { calibrationItem, stage } from '../../../fakes/calibration.ts';

const chain = [stage('small', 'one'), stage('small', 'both'), stage('second')];

describe('signals of a stage', () => {
  it('takes the last answer of every other judge as a witness', () => {
    expect(chain.map((_, index) => witnessesOf(chain, index))).toEqual([[], [], [1]]);
  });

  it('are oriented toward its own label', () => {
    const item = calibrationItem(chain, {
      id: 'i',
      logOdds: [1, 2, -3],
      reference: 'a',
      lengthLogRatio: 0.5,
    });
    const signals = stageSignalsOf(item, 2, [1]);
    expect(signals?.label).toBe('b');
    expect(signals?.values.margin).toBeCloseTo(3, 12);
    expect(signals?.values.chosen_longer).toBe(-0.5);
    expect(signals?.values.length_gap).toBe(0.5);
    expect(signals?.support[0]).toBeCloseTo(-2, 12);
  });

  it('are null where nothing was said, and 0 for a witness that failed', () => {
    const failed = calibrationItem(chain, { id: 'i', logOdds: [0, null, 2], reference: 'a' });
    expect(stageSignalsOf(failed, 0, [])).toBeNull();
    expect(stageSignalsOf(failed, 1, [])).toBeNull();
    expect(stageSignalsOf(failed, 2, [1])?.support).toEqual([0]);
  });

  it('do not change when the candidates change places', () => {
    const odds = fc.double({ min: -30, max: 30, noNaN: true }).filter((value) => Math.abs(value) > 1e-6);
    fc.assert(
      fc.property(odds, odds, fc.double({ min: -3, max: 3, noNaN: true }), (first, second, ratio) => {
        const make = (sign: number) =>
          calibrationItem(chain, {
            id: 'i',
            logOdds: [null, sign * first, sign * second],
            reference: 'a',
            lengthLogRatio: sign * ratio,
          });
        const model = builtInModel(1);
        const [one, other] = [1, -1].map((sign) => stageSignalsOf(make(sign), 2, [1]));
        if (!one || !other) throw new Error('no signals');
        expect(scoreOf(model, one)).toBeCloseTo(scoreOf(model, other), 9);
        expect(one.label).not.toBe(other.label);
      }),
    );
  });
});

describe('the score model', () => {
  it('is the built-in weights without training: half of the log-odds, less for unlike lengths', () => {
    expect(trainModel([], 1)).toEqual({
      intercept: 0,
      weights: { margin: 0.375, length_gap: -0.5 },
      support: [0.375],
      trainedOn: 0,
    });
  });

  it('learns from many items, and little from few', () => {
    const rows = (count: number) =>
      Array.from({ length: count }, (_, i) => {
        const signals = stageSignalsOf(
          calibrationItem([stage('small')], { id: 'i', logOdds: [1 + (i % 10)], reference: 'a' }),
          0,
          [],
        );
        if (signals === null) throw new Error('no signals');
        // The sure half is right, the unsure one is not: a far steeper slope than .5.
        return { signals, agrees: i % 10 >= 5 };
      });
    const few = trainModel(rows(10), 0).weights.margin ?? 0;
    const many = trainModel(rows(1_000), 0).weights.margin ?? 0;
    expect(few).toBeGreaterThan(0.5);
    expect(many).toBeGreaterThan(few + 0.5);
  });
});

describe('the calibrator', () => {
  it.each([
    [400, 'platt'],
    [1_000, 'isotonic'],
  ])('of %i items is %s and says what was seen', (count, kind) => {
    const scores = Array.from({ length: count }, (_, i) => (i % 2 === 0 ? 4 : 0));
    // Of the sure items three in four are right, whatever their score says.
    const agrees = scores.map((score, i) => (score === 4 ? i % 8 !== 0 : i % 4 === 1));
    const calibrator = fitCalibrator(scores, agrees);
    expect(calibrator.kind).toBe(kind);
    expect(calibrate(calibrator, 4)).toBeCloseTo(0.75, 1);
    expect(calibrate(calibrator, 0)).toBeCloseTo(0.5, 1);
  });
});
