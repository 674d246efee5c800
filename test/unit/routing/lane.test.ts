import { describe, expect, it } from 'vitest';
import type { RefusalReason } from '../../../src/contracts/certificate.ts';
import type { LaneEvent } from '../../../src/contracts/quality.ts';
import { certifyChain } from '../../../src/routing/certificates/shorter-chains.ts';
import { Lane, type LaneOptions } from '../../../src/routing/lane.ts';
import { createSeededRandom } from '../../../src/statistics/random.ts';
import { calibrationItem, stage } from '../../fakes/calibration.ts';

const small = stage('small');
const large = stage('large').judge;
const target = { agreement: 0.9, confidence: 0.9 };

function laneOf(change: Partial<LaneOptions> = {}) {
  const events: LaneEvent[] = [];
  const lane = new Lane({
    scope: { team: 'team', policy: 'default', stratum: 'all' },
    target,
    risk: 'marginal',
    auditShare: 0.02,
    sharedBy: 1,
    rank: 1,
    reference: 'judge',
    now: () => 7,
    certify: (items, about) => certifyChain(items, { ...about, target, seed: 1, createdAt: 0 }),
    announce: (event) => void events.push(event),
    ...change,
  });
  let next = 0;
  /** Judged by all: sure and right nine times of ten, else unsure and wrong; gives the verdict's id. */
  const observe = (): string => {
    const n = (next += 1);
    const isA = n % 2 === 0;
    const isWrong = n % 10 === 0;
    const size = (isWrong ? 0.2 : 2) + (n % 7) / 10;
    lane.observe({
      verdictId: `vrd_${n}`,
      lane: lane.scope,
      item: calibrationItem([small], {
        id: `${n}`,
        logOdds: [isA === isWrong ? -size : size],
        reference: isA ? 'a' : 'b',
      }),
      stages: [small],
      reference: large,
      acceptedBy: lane.certificate()?.id ?? null,
      label: isA === isWrong ? 'b' : 'a',
      at: 7,
    });
    return `vrd_${n}`;
  };
  return { lane, events, observe };
}

const repeat = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));

describe('a lane', () => {
  const refused = (reason: RefusalReason): Lane => {
    const refusal = { reason, message: reason, needed: null, items: [] };
    const { lane, observe } = laneOf({ certify: () => ({ ok: false, refusal }) });
    repeat(100, observe);
    return lane;
  };

  it.each(['uninformative_scores', 'risk_too_high', 'too_little_accepted'] as const)(
    'is blocked by %s, and shadows no more than audits need',
    (reason) => {
      expect(refused(reason).quality()).toMatchObject({ state: 'blocked', refusal: reason });
      expect(refused(reason).observedShare()).toBe(0.02);
    },
  );

  it('stays cold while it only lacks items', () => {
    expect(refused('too_few_items').quality().state).toBe('cold');
    expect(refused('too_few_items').observedShare()).toBe(1);
  });

  it('takes its certificate back when live scores no longer look like those that certified', () => {
    const { lane, events, observe } = laneOf();
    repeat(100, observe);
    expect(lane.quality().state).toBe('certified');
    const { uniform } = createSeededRandom(1);
    // sigmoid(half of 2 to 2.6): as certified, for as long as one likes.
    const asBefore = (): number =>
      1 / (1 + Math.exp(-(uniform() < 0.1 ? 0.25 : 1 + 0.05 * Math.floor(7 * uniform()))));
    repeat(3_000, () => lane.answered({ score: asBefore(), labelMass: 0.998 }));
    expect(lane.quality().state).toBe('certified');
    repeat(600, () => lane.answered({ score: 0.5 + 0.2 * uniform(), labelMass: 0.998 }));
    expect(events.map(({ type }) => type)).toEqual(['certified', 'alarm', 'withdrawn']);
    expect(lane.quality()).toMatchObject({
      state: 'cold',
      observations: 0,
      lastAlarm: {
        at: 7,
        detail: expect.stringMatching(/^the scores of the first judge are no longer .*gap 0\.\d\d/),
      },
    });
    repeat(100, observe);
    expect(lane.quality().state).toBe('certified');
  });

  it('looks at audits alone once hard items pass the small judges by', () => {
    const { lane, observe } = laneOf();
    repeat(100, observe);
    lane.skipped();
    repeat(2_000, () => lane.answered({ score: 0.51, labelMass: 0.998 }));
    expect(lane.quality().state).toBe('certified');
  });
});

describe('a lane with people as the reference', () => {
  it('counts only what has a gold label, and certifies against people', () => {
    const { lane, observe } = laneOf({ reference: 'human' });
    const verdicts = repeat(150, observe);
    expect(lane.quality()).toMatchObject({ state: 'cold', observations: 0, awaitingGold: 150 });
    expect(lane.quality().reason).toBe('0 of 100 gold labels for the first certificate');
    for (const [i, verdict] of verdicts.slice(0, 100).entries()) {
      expect(lane.gold(verdict, (i + 1) % 2 === 0 ? 'a' : 'b')).toBe(true);
    }
    expect(lane.certificate()?.scope.reference).toBe('human');
    expect(lane.quality()).toMatchObject({ state: 'certified', observations: 100, awaitingGold: 50 });
    expect(lane.gold(verdicts[0] ?? '', 'a')).toBe(false);
    expect(lane.gold('vrd_unknown', 'a')).toBe(false);
  });

  it('is withdrawn when people say that audited labels are wrong', () => {
    const { lane, events, observe } = laneOf({ reference: 'human' });
    for (const [i, verdict] of repeat(100, observe).entries())
      lane.gold(verdict, (i + 1) % 2 === 0 ? 'a' : 'b');
    expect(lane.quality().state).toBe('certified');
    for (const [i, verdict] of repeat(30, observe).entries())
      lane.gold(verdict, (i + 1) % 2 === 0 ? 'b' : 'a');
    expect(events.map(({ type }) => type)).toEqual(['certified', 'alarm', 'withdrawn']);
  });
});
