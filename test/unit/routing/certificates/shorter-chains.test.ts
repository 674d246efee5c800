import { describe, expect, it } from 'vitest';
import type { CalibrationItem, Stage } from '../../../../src/contracts/certificate.ts';
import { certify } from '../../../../src/routing/certificates/certify.ts';
import { replay } from '../../../../src/routing/certificates/replay.ts';
import { certifyChain, withStagesOf } from '../../../../src/routing/certificates/shorter-chains.ts';
import { sigmoid } from '../../../../src/statistics/logistic.ts';
import { createSeededRandom, type SeededRandom } from '../../../../src/statistics/random.ts';
import { calibrationItem, certifyRequest, stage } from '../../../fakes/calibration.ts';

/** P(right) of a judge that gave log-odds of this size. */
type Skill = (size: number) => number;
const GOOD: Skill = (size) => sigmoid(1.5 * size);
const COIN: Skill = () => 0.5;

/** Items of which each judge knows the truth by its own skill. */
function items(random: SeededRandom, count: number, stages: readonly Stage[], skills: readonly Skill[]) {
  return Array.from({ length: count }, (_, i): CalibrationItem => {
    const isA = random.uniform() < 0.5;
    const logOdds = skills.map((skill) => {
      const size = 0.2 + 3 * random.uniform();
      return isA === random.uniform() < skill(size) ? size : -size;
    });
    return calibrationItem(stages, { id: `${i}`, logOdds, reference: isA ? 'a' : 'b' });
  });
}

const shortOf = (stages: readonly Stage[]): string[] =>
  stages.map(({ tier, judge }) => `${tier} ${judge.parts.orders}`);

describe('shorter chains', () => {
  it('leave out a judge that does not tell right from wrong', () => {
    const stages = [stage('coin'), stage('good')];
    const all = items(createSeededRandom(1), 600, stages, [COIN, GOOD]);
    expect(certify(all, certifyRequest(stages))).toMatchObject({ ok: false });
    const result = certifyChain(all, certifyRequest(stages));
    if (!result.ok) throw new Error(result.refusal.message);
    expect(shortOf(result.certificate.stages)).toEqual(['good both']);
    // A fifth of delta goes to three shorter chains: both judges are already without single orders, so there are two.
    expect(result.certificate.delta).toBeCloseTo(0.01, 12);
    const ends = replay(result.certificate, withStagesOf(result.certificate, all, stages));
    expect(ends.filter((end) => end.stage === 0)).toHaveLength(result.certificate.evidence.accepted);
  });

  it('leave out a single order that position alone decides', () => {
    const stages = [stage('small', 'one'), stage('small')];
    const all = items(createSeededRandom(2), 600, stages, [COIN, GOOD]);
    const result = certifyChain(all, certifyRequest(stages));
    expect(result.ok && shortOf(result.certificate.stages)).toEqual(['small both']);
    expect(result.ok && result.certificate.delta).toBeCloseTo(0.02, 12);
  });

  it('leave a chain whole that reaches, at four fifths of delta, or all of it when there is no other', () => {
    const one = [stage('good')];
    const lone = certifyChain(items(createSeededRandom(3), 400, one, [GOOD]), certifyRequest(one));
    expect(lone.ok && lone.certificate.delta).toBeCloseTo(0.1, 12);
    const two = [stage('good'), stage('better')];
    const both = certifyChain(items(createSeededRandom(3), 400, two, [GOOD, GOOD]), certifyRequest(two));
    expect(both.ok && shortOf(both.certificate.stages)).toEqual(['good both', 'better both']);
    expect(both.ok && both.certificate.delta).toBeCloseTo(0.08, 12);
  });

  it('say why nothing reached, and refuse bad items without trying', () => {
    const stages = [stage('coin'), stage('chance')];
    const all = items(createSeededRandom(4), 600, stages, [COIN, COIN]);
    expect(certifyChain(all, certifyRequest(stages))).toMatchObject({
      ok: false,
      refusal: { message: expect.stringMatching(/^the scores of coin .*; nor is any of 2 shorter chains$/) },
    });
    expect(certifyChain([...all, ...all], certifyRequest(stages))).toMatchObject({
      refusal: { reason: 'duplicate_items' },
    });
    const rare = certifyChain(all, certifyRequest([stage('coin')]));
    expect(rare).toMatchObject({ ok: false, refusal: { reason: 'judge_key_mismatch' } });
  });

  it('keep the promise although the best of several chains is taken', () => {
    const stages = [stage('coin'), stage('fair'), stage('good')];
    const fair: Skill = (size) => sigmoid(0.4 * size);
    const random = createSeededRandom(5);
    const world = items(random, 5_000, stages, [COIN, fair, GOOD]);
    const broken = Array.from({ length: 150 }, () => {
      const result = certifyChain(items(random, 250, stages, [COIN, fair, GOOD]), certifyRequest(stages));
      if (!result.ok) return false;
      const ends = replay(result.certificate, withStagesOf(result.certificate, world, stages));
      return ends.filter((end) => !end.agrees).length / ends.length > 0.05;
    }).filter(Boolean).length;
    expect(broken / 150).toBeLessThan(0.1);
  });
});
