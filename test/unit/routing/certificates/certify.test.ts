import { describe, expect, it } from 'vitest';
import type { CalibrationItem, Certification } from '../../../../src/contracts/certificate.ts';
import { certificateIdOf } from '../../../../src/routing/certificates/certificate-id.ts';
import { certify } from '../../../../src/routing/certificates/certify.ts';
import { decideStage } from '../../../../src/routing/certificates/decision.ts';
import { replay } from '../../../../src/routing/certificates/replay.ts';
import { certificateSchema, renderCertificate, toCertificate } from '../../../../src/wire/certificate.ts';
import { calibrationItem, certifyRequest, type MadeItem, stage } from '../../../fakes/calibration.ts';

const small = stage('small');
const stages = [small];

/** Items that a judge gets right whenever it is sure: the first `wrong` of the unsure ones are wrong. */
function items(count: number, wrong = 0, change: Partial<MadeItem> = {}): CalibrationItem[] {
  return Array.from({ length: count }, (_, i) => {
    const says = i % 2 === 0 ? 'a' : 'b';
    const isWrong = i < wrong;
    const odds = (isWrong ? 0.1 : 1) + i / 100;
    return calibrationItem(stages, {
      id: `item-${i}`,
      logOdds: [says === 'a' ? odds : -odds],
      reference: isWrong === (says === 'a') ? 'b' : 'a',
      ...change,
    });
  });
}

function refusalOf(result: Certification) {
  if (result.ok) throw new Error('certified');
  return result.refusal;
}

function certificateOf(result: Certification) {
  if (!result.ok) throw new Error(result.refusal.message);
  return result.certificate;
}

describe('certify', () => {
  it('needs 45 items for 95 % at 90 %, and says so', () => {
    const refusal = refusalOf(certify(items(44), certifyRequest(stages)));
    expect(refusal).toMatchObject({ reason: 'too_few_items', needed: 45 });
    expect(certificateOf(certify(items(45), certifyRequest(stages))).evidence).toMatchObject({
      items: 45,
      errors: 0,
      accepted: 45,
    });
  });

  it('stops before the first count of errors that proves too little: 7 of 250', () => {
    const { evidence, delta } = certificateOf(certify(items(250, 20), certifyRequest(stages)));
    expect(evidence).toMatchObject({ items: 250, errors: 7, accepted: 237, training: 'none' });
    expect(evidence.bound).toBeCloseTo(0.04665, 3);
    expect(delta).toBeCloseTo(0.1, 12);
  });

  it('divides delta by the certificates that share it', () => {
    const { evidence, delta } = certificateOf(
      certify(items(250, 20), certifyRequest(stages, { sharedBy: 4 })),
    );
    expect(delta).toBeCloseTo(0.025, 12);
    expect(evidence.errors).toBe(5);
  });

  it('keeps the risk among accepted items as the stricter option, from 30 of them on', () => {
    const request = certifyRequest(stages, { risk: 'selective' });
    expect(refusalOf(certify(items(60, 30), request)).reason).toBe('risk_too_high');
    expect(certificateOf(certify(items(250, 60), request)).evidence.errors).toBe(5);
    expect(certificateOf(certify(items(250, 60), certifyRequest(stages))).evidence.errors).toBe(7);
  });

  it.each<[string, CalibrationItem[], string, string[]]>([
    ['an item that occurs twice', [...items(60), ...items(1)], 'duplicate_items', ['item-0']],
    ['items of another stratum', items(60, 0, { stratum: 'code:yes' }), 'stratum_mismatch', ['item-0']],
    ['labels of one class', items(60, 0, { reference: 'a' }), 'one_class_only', []],
    ['scores that never vary', items(60, 0, { logOdds: [1] }), 'constant_scores', []],
    [
      'numbers that are none',
      items(60, 0, { logOdds: [Number.NaN] }),
      'missing_log_probabilities',
      ['item-0'],
    ],
    ['a judge that never answers', items(60, 0, { logOdds: [null] }), 'constant_scores', []],
  ])('refuses %s', (_, given, reason, named) => {
    const refusal = refusalOf(certify(given, certifyRequest(stages)));
    expect(refusal.reason).toBe(reason);
    expect(refusal.items.slice(0, 1)).toEqual(named);
  });

  it('refuses items of another judge key, and items kept for evaluation', () => {
    const others = certifyRequest([stage('other')]);
    expect(refusalOf(certify(items(60), others)).reason).toBe('judge_key_mismatch');
    const heldOut = [{ id: 'new', prompt: 'item-3' }];
    expect(refusalOf(certify(items(60), certifyRequest(stages, { heldOut })))).toMatchObject({
      reason: 'held_out_items',
      items: ['item-3'],
    });
  });

  it('counts each prompt once', () => {
    const twins = items(90).map((item, i) => ({ ...item, prompt: `prompt-${i >> 1}` }));
    expect(certificateOf(certify(twins, certifyRequest(stages))).evidence).toMatchObject({
      items: 45,
      setAside: 45,
    });
  });

  it.each([
    [
      { kind: 'split', share: 0.4 },
      { items: 150, trainedOn: 100, training: 'split' },
    ],
    [
      { kind: 'cross_fit', folds: 5 },
      { items: 250, trainedOn: 250, training: 'cross_fit' },
    ],
  ] as const)('trains by %o', (training, expected) => {
    const { evidence, stages: made } = certificateOf(
      certify(items(250, 20), certifyRequest(stages, { training })),
    );
    expect(evidence).toMatchObject(expected);
    expect(made[0]?.model.trainedOn).toBe(expected.trainedOn);
  });
});

describe('a certificate', () => {
  const made = certificateOf(certify(items(250, 20), certifyRequest(stages)));

  it('decides the items it was made of as it was certified', () => {
    const replayed = replay(made, items(250, 20));
    expect(replayed.filter((row) => row.stage === 0)).toHaveLength(237);
    expect(replayed.filter((row) => !row.agrees)).toHaveLength(7);
  });

  it('says in the trail what it compared', () => {
    const [item] = items(250).slice(-1);
    const sure = decideStage(made, 0, item ?? { answers: [], lengthLogRatio: 0 });
    expect(sure).toMatchObject({ accept: true, label: 'b' });
    expect(sure.reason).toMatch(/^P\(agree\) 0\.85\d >= 0\.5\d\d \(crt_[0-9a-f]{24}\)$/);
    expect(sure.agreement).toBeGreaterThan(0.9);
  });

  it('is void for an answer of another judge key', () => {
    const [item] = items(250).slice(-1);
    const answers = (item?.answers ?? []).map((answer) =>
      answer === null ? null : { ...answer, judge: 'jdg_0000000000000000' },
    );
    const decision = decideStage(made, 0, { answers, lengthLogRatio: 0 });
    expect(decision).toMatchObject({ accept: false, label: 'b', score: null, agreement: null });
    expect(decision.reason).toContain('is void: small is jdg_0000000000000000, certified was jdg_');
  });

  it('reads back from JSON as it was, with the id of its content', () => {
    const text = JSON.stringify(renderCertificate(made));
    const back = toCertificate(certificateSchema.parse(JSON.parse(text)));
    expect(back).toEqual(made);
    const { id, ...content } = back;
    expect(certificateIdOf(content)).toBe(id);
    expect(certificateIdOf({ ...content, threshold: content.threshold - 0.01 })).not.toBe(id);
  });

  it('chains stages: the first sure one accepts, a failed one is passed over', () => {
    const chain = [stage('one'), stage('two')];
    const both = Array.from({ length: 100 }, (_, i) => {
      const sign = i % 2 === 0 ? 1 : -1;
      const first = i % 4 === 0 ? null : sign * (1 + i / 50);
      return calibrationItem(chain, {
        id: `item-${i}`,
        logOdds: [first, sign * (2 + i / 50)],
        reference: sign > 0 ? 'a' : 'b',
      });
    });
    const certificate = certificateOf(certify(both, certifyRequest(chain)));
    const replayed = replay(certificate, both);
    expect(replayed.every((row) => row.agrees && row.stage !== null)).toBe(true);
    expect(replayed[0]).toMatchObject({ stage: 1, asked: 2 });
    expect(replayed[99]).toMatchObject({ stage: 0, asked: 1 });
  });

  it('refuses a score that is above a coin for sure, but not above .55', () => {
    const stages = [stage('small')];
    // Two even rows of 200 scores, the right ones 14.5 places higher: AUROC 1 - (1 - 14.5/200)^2 / 2 = .57.
    const items = Array.from({ length: 400 }, (_, i) => {
      const isRight = i % 2 === 0;
      const odds = 0.01 * (1 + Math.floor(i / 2) + (isRight ? 14.5 : 0));
      const logOdds = [i % 4 < 2 ? odds : -odds];
      return calibrationItem(stages, { id: `${i}`, logOdds, reference: isRight === i % 4 < 2 ? 'a' : 'b' });
    });
    expect(certify(items, certifyRequest(stages))).toMatchObject({
      ok: false,
      refusal: {
        reason: 'uninformative_scores',
        message:
          'the scores of small do not tell right from wrong: AUROC 0.57, lower bound 0.52, more than 0.55 is needed',
      },
    });
  });
});
