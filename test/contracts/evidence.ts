import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { type Archive, openArchive } from '../../src/ledger/evidence/archive.ts';
import type { Store } from '../../src/ledger/store.ts';
import { certifyChain } from '../../src/routing/certificates/shorter-chains.ts';
import type { Lane } from '../../src/routing/lane.ts';
import { createLanes, type LaneFactory } from '../../src/routing/lanes.ts';
import { createOutcomeBook } from '../../src/routing/outcome-book.ts';
import { createSystemClock } from '../../src/telemetry/system-clock.ts';
import { calibrationItem, stage } from '../fakes/calibration.ts';
import { quietLogger } from '../fakes/embedded-store.ts';

const small = stage('small');
const large = stage('large').judge;
const target = { agreement: 0.9, confidence: 0.9 };

/** A gateway's lanes of one policy, as far as evidence goes; `life` names the process. */
async function gatewayOf(store: Store, life: string, policy: string, reference: 'judge' | 'human' = 'judge') {
  const archive: Archive = await openArchive({
    store,
    clock: createSystemClock(),
    logger: quietLogger(),
    gateway: life,
  });
  const events: string[] = [];
  // Later lives come later.
  let now = life === 'first' ? 1_000 : 10_000;
  const factory: LaneFactory = {
    target,
    risk: 'marginal',
    auditShare: 0.5,
    reference,
    now: () => now,
    certify: (items, about) => certifyChain(items, { ...about, target, seed: 1, createdAt: 0 }),
    announce(event) {
      events.push(event.type);
      archive.keepEvent(event);
    },
    keeper: archive.keeperOf('basis-1'),
  };
  const lanes = createLanes(policy, true, factory, archive.lanes(policy, 'basis-1'));
  const outcomes = createOutcomeBook({
    restored: archive.verdicts(),
    keep: (verdict) => archive.keepVerdict(verdict),
    learn: ({ team, stratum }, gold) => void lanes.of(team, stratum).gold(gold.verdictId, gold.label),
  });
  /** Judged by all; wrong where `isWrong`, sure nine times of ten. */
  const observe = (lane: Lane, from: number, count: number, isWrong = (n: number) => n % 10 === 0): void => {
    for (let n = from; n < from + count; n += 1) {
      now += 1;
      const isA = n % 2 === 0;
      const wrong = isWrong(n);
      const size = (n % 10 === 0 ? 0.2 : 2) + (n % 7) / 10;
      const logOdds = [isA === wrong ? -size : size];
      lane.observe({
        verdictId: `vrd_${policy}_${n}`,
        lane: lane.scope,
        item: calibrationItem([small], {
          id: `${n}`,
          logOdds,
          reference: isA ? 'a' : 'b',
          stratum: lane.scope.stratum,
        }),
        stages: [small],
        reference: large,
        acceptedBy: lane.certificate()?.id ?? null,
        label: isA === wrong ? 'b' : 'a',
        at: now,
      });
    }
  };
  return { archive, lanes, outcomes, events, observe, close: () => archive.close(5_000) };
}

/** What every database has to do for evidence; `store` has its tables. */
export function evidenceContract(given: () => Store): void {
  it('gives a lane back as it was: the certificate, the evidence against it, its looks and counts', async () => {
    const first = await gatewayOf(given(), 'first', 'kept');
    const lane = first.lanes.of('red', 'code:yes');
    const cold = first.lanes.of('red', 'code:no');
    first.observe(lane, 0, 100);
    first.observe(lane, 100, 60, () => false);
    first.observe(cold, 1_000, 40);
    for (let i = 0; i < 7; i += 1) lane.released();
    // Wrong labels under the certificate: evidence, but not enough for an alarm.
    first.observe(lane, 250, 2, () => true);
    const before = [lane.quality(), cold.quality()];
    expect(before[0]).toMatchObject({ state: 'certified', observations: 162, released: 7, disagreed: 2 });
    await first.close();

    const second = await gatewayOf(given(), 'second', 'kept');
    expect(second.lanes.all().map((one) => one.quality())).toEqual(before);
    expect(second.lanes.of('red', 'code:yes').certificate()).toEqual(lane.certificate());
    // It goes on where it was: as many wrong ones more withdraw both certificates at the same audit.
    const alarmAfter = (world: typeof first, judged: Lane): number => {
      for (let n = 0; n < 100; n += 1) {
        world.observe(judged, 300 + n, 1, () => true);
        if (judged.certificate() === null) return n;
      }
      return -1;
    };
    const audits = alarmAfter(second, second.lanes.of('red', 'code:yes'));
    expect(audits).toBe(alarmAfter(first, lane));
    expect(audits).toBeGreaterThanOrEqual(0);
    await second.close();

    const third = await gatewayOf(given(), 'third', 'kept');
    const withdrawn = third.lanes.of('red', 'code:yes').quality();
    expect(withdrawn).toMatchObject({ state: 'cold', observations: 0, certificate: null });
    expect(withdrawn.lastAlarm?.detail).toMatch(/audited items were wrong/);
    await third.close();
    const { rows } = await given().run((db) =>
      sql`select type, gateway from lane_event where policy = 'kept' order by id`.execute(db),
    );
    expect(rows.map((row) => Object.values(Object(row)).join(' '))).toEqual([
      'certified first',
      'alarm second',
      'withdrawn second',
    ]);
    const kept = await given().run((db) => sql`select id from certificate where policy = 'kept'`.execute(db));
    expect(kept.rows).toContainEqual({ id: before[0]?.certificate });
  });

  it('does not take up what was learned for another promise', async () => {
    const first = await gatewayOf(given(), 'first', 'promise');
    first.observe(first.lanes.of('red', 'all'), 0, 5);
    await first.close();
    const second = await gatewayOf(given(), 'second', 'promise');
    expect(second.archive.lanes('promise', 'basis-1').length).toBe(1);
    expect(second.archive.lanes('promise', 'basis-2')).toEqual([]);
    expect(second.archive.lanes('other', 'basis-1')).toEqual([]);
    await second.close();
  });

  it('finds verdicts of before a restart for gold labels, which then count', async () => {
    const first = await gatewayOf(given(), 'first', 'people', 'human');
    const lane = first.lanes.of('red', 'all');
    first.observe(lane, 0, 120);
    for (let n = 0; n < 120; n += 1) {
      const id = `vrd_people_${n}`;
      first.outcomes.remember({ id, lane: lane.scope, label: n % 2 === 0 ? 'a' : 'b', confidence: 0.9 });
    }
    const gold = (n: number) => ({
      verdictId: `vrd_people_${n}`,
      label: n % 2 === 0 ? ('a' as const) : ('b' as const),
      annotator: null,
    });
    expect(first.outcomes.record('red', [gold(0), gold(1)])).toEqual(['recorded', 'recorded']);
    await first.close();

    const second = await gatewayOf(given(), 'second', 'people', 'human');
    const restored = second.lanes.of('red', 'all');
    expect(restored.quality()).toMatchObject({ observations: 2, awaitingGold: 118 });
    expect(second.outcomes.record('red', [gold(1), gold(2)])).toEqual(['replaced', 'recorded']);
    expect(second.outcomes.record('blue', [gold(3)])).toEqual(['unknown_verdict']);
    expect(restored.quality()).toMatchObject({ observations: 3, awaitingGold: 117 });
    await second.close();
  });
}
