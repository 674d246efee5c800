import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { createCostBook } from '../../src/ledger/costs/book.ts';
import { createWriteBehind, type WriteBehind } from '../../src/ledger/journal.ts';
import type { Store } from '../../src/ledger/store.ts';
import { tendPartitions } from '../../src/ledger/verdicts/partitions.ts';
import { writeVerdicts } from '../../src/ledger/verdicts/write.ts';
import { createSystemClock } from '../../src/telemetry/system-clock.ts';
import { quietLogger } from '../fakes/embedded-store.ts';
import { trailEntry, verdictRecord } from '../fakes/verdict-record.ts';

function journalOf(store: Store): WriteBehind {
  return createWriteBehind({
    store,
    clock: createSystemClock(),
    logger: quietLogger(),
    mostBytes: 1_000_000,
  });
}

async function namesLike(store: Store, pattern: string): Promise<string[]> {
  const { rows } = await store.run((db) =>
    sql<{
      name: string;
    }>`select relname as name from pg_class where relkind = 'r' and relname like ${pattern} order by 1`.execute(
      db,
    ),
  );
  return rows.map(({ name }) => name);
}

/** What every database of a ledger has to do; `store` has its tables, and nothing in them. */
export function ledgerContract(given: () => Store): void {
  it('gives a verdict back as it was, before and after it is written, to its own team alone', async () => {
    const journal = journalOf(given());
    const record = verdictRecord('vrd_whole', {
      trail: [
        trailEntry(),
        trailEntry({
          tier: 'large',
          order: 'ba',
          pFirst: null,
          problem: { code: 'engine_error', message: 'gone', param: null },
        }),
      ],
      metadata: { nested: { list: [1, 'two', null] }, ключ: 'значение 🙂' },
    });
    const committed = journal.record([record]);
    const expected = { ...record, extra: [] };
    expect(await journal.find('red', 'vrd_whole')).toEqual(expected);
    expect(await journal.find('blue', 'vrd_whole')).toBeNull();
    await committed;
    expect(await journal.find('red', 'vrd_whole')).toEqual(expected);
    expect(await journal.find('blue', 'vrd_whole')).toBeNull();
    expect(await journal.find('red', 'vrd_none')).toBeNull();
    expect(journal.health()).toMatchObject({ isWriting: true, waiting: 0, bytes: 0, written: 1, refused: 0 });
    await journal.close(5_000);
  });

  it('keeps the results of tasks that give no label', async () => {
    const journal = journalOf(given());
    const record = verdictRecord('vrd_score', {
      task: 'score',
      label: null,
      probabilities: null,
      result: { kind: 'score', score: 3.5, criteria: [] },
      flags: ['evidence_dropped'],
      trail: [trailEntry({ order: null, coalesced: 12, part: 'accuracy' })],
    });
    await journal.record([record]);
    expect(await journal.find('red', 'vrd_score')).toEqual({ ...record, extra: [] });
    await journal.close(5_000);
  });

  it('keeps texts that PostgreSQL can not hold, without what it can not hold', async () => {
    const journal = journalOf(given());
    const metadata = { 'a\u0000b': 'x\u0000y', half: 'z\ud800', path: 'c:\\u0000', fine: '😀' };
    await journal.record([verdictRecord('vrd_texts', { itemId: 'row\u0000', metadata })]);
    const found = await journal.find('red', 'vrd_texts');
    expect(found?.verdict.itemId).toBe('row\uFFFD');
    expect(found?.verdict.metadata).toEqual({
      'a\uFFFDb': 'x\uFFFDy',
      half: 'z\uFFFD',
      path: 'c:\\u0000',
      fine: '😀',
    });
    await journal.close(5_000);
  });

  it('refuses one bad record alone: its neighbours are kept', async () => {
    const journal = journalOf(given());
    const bad = verdictRecord('vrd_bad', { outcome: 'engine_failed', label: 'a' });
    const outcomes = await Promise.allSettled(
      [verdictRecord('vrd_before'), bad, verdictRecord('vrd_after')].map((record) =>
        journal.record([record]),
      ),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((await journal.find('red', 'vrd_before'))?.verdict.id).toBe('vrd_before');
    expect((await journal.find('red', 'vrd_after'))?.verdict.id).toBe('vrd_after');
    expect(await journal.find('red', 'vrd_bad')).toBeNull();
    expect(journal.health()).toMatchObject({ written: 2, refused: 1, waiting: 0, bytes: 0 });
    await journal.close(5_000);
  });

  it('adds up costs to the nano-dollar, counts nothing twice, and says what is behind a label', async () => {
    const store = given();
    const team = { team: 'sums', policy: 'quality' };
    const small = (nanoUsd: number, attempts = 1) =>
      trailEntry({
        attempts,
        cost: {
          nanoUsd,
          usage: { inputTokens: 10, cachedInputTokens: 4, outputTokens: 1 },
          engineSeconds: 0.5,
        },
      });
    const large = (nanoUsd: number) => ({ ...small(nanoUsd), tier: 'large' });
    const records = [
      // Decided by the small tier in both orders, one call repeated.
      verdictRecord('vrd_s1', { trail: [small(101), small(102, 2)] }, team),
      // Passed on to the large one.
      verdictRecord('vrd_s2', { tier: 'large', trail: [small(103), large(1_001), large(1_003)] }, team),
      // Answered by a label that was bought before: its history is no cost.
      verdictRecord('vrd_s3', { cache: 'exact', cached: true, trail: [small(0)] }, team),
      // Failed after a call that was paid.
      verdictRecord(
        'vrd_s4',
        { outcome: 'engine_failed', label: null, tier: null, trail: [small(107)] },
        team,
      ),
      verdictRecord('vrd_s5', {}, { ...team, at: Date.parse('2026-11-25T23:59:59.999Z') }),
    ];
    const journal = journalOf(store);
    await journal.record(records);
    const about = { ...team, at: records[0]?.at ?? 0 };
    journal.recordExtra({
      ...about,
      verdictId: 'vrd_s1',
      purpose: 'audit',
      after: 2,
      entries: [large(1_007)],
    });
    journal.recordExtra({
      ...about,
      verdictId: 'vrd_s4',
      purpose: 'shadow',
      after: 1,
      entries: [small(109)],
    });
    await journal.close(5_000);
    // A commit whose answer was lost is done again.
    await store.transaction((transaction) => writeVerdicts(transaction, records));

    const costs = createCostBook(store, (policy) => (policy === 'quality' ? 'large' : null));
    const all = { team: 'sums', since: null, until: null } as const;
    const [line, ...others] = await costs.lines({ ...all, by: 'policy' });
    expect(others).toEqual([]);
    expect(line).toEqual({
      key: 'quality',
      items: 5,
      labels: 4,
      cached: 1,
      calls: 10,
      retries: 1,
      inputTokens: 180,
      cachedInputTokens: 72,
      outputTokens: 9,
      engineSeconds: 4.25,
      // Small 101 + 102, large 1,001 + 1,003 and the fifth's 1,000; passed on 103, failed 107.
      nanoUsd: { decided: 3_207, rejected: 210, shadow: 109, audit: 1_007, total: 4_533 },
      nanoUsdPerLabel: 854,
      fullyLoadedNanoUsdPerLabel: 1_133,
      // The large tier judged two verdicts for 3,011: 1,505.5 for each of four that were bought.
      alwaysLargeNanoUsd: 6_022,
    });
    const days = await costs.lines({ ...all, by: 'day' });
    expect(days.map(({ key, items, nanoUsd }) => [key, items, nanoUsd.total])).toEqual([
      ['2026-11-24', 4, 3_533],
      ['2026-11-25', 1, 1_000],
    ]);
    const tiers = await costs.lines({ ...all, by: 'tier' });
    expect(
      tiers.map(({ key, labels, nanoUsd, alwaysLargeNanoUsd }) => [
        key,
        labels,
        nanoUsd.total,
        alwaysLargeNanoUsd,
      ]),
    ).toEqual([
      ['', 0, 0, null],
      ['large', 1, 3_011, null],
      ['small', 3, 1_522, null],
    ]);
    const lastDay = await costs.lines({ ...all, by: 'team', since: '2026-11-25' });
    expect(lastDay.map(({ key, items }) => [key, items])).toEqual([['sums', 1]]);
    expect(await costs.lines({ ...all, team: 'nobody', by: 'team' })).toEqual([]);
    const audited = await journal.find('sums', 'vrd_s1');
    expect(audited?.verdict.trail.length).toBe(2);
    expect(audited?.extra.map(({ purpose, entry }) => [purpose, entry.tier])).toEqual([['audit', 'large']]);
  });

  it('makes tables by week ahead, and drops those that are older than need be', async () => {
    const store = given();
    const retentionDays = 10;
    await tendPartitions(store, { now: Date.parse('2031-01-01T00:00:00Z'), retentionDays });
    expect(await namesLike(store, 'verdict_2030%')).toEqual(['verdict_20301230']);
    expect(await namesLike(store, 'attempt_2031%')).toEqual(['attempt_20310106', 'attempt_20310113']);
    const journal = journalOf(store);
    const at = Date.parse('2031-01-08T12:00:00Z');
    await journal.record([verdictRecord('vrd_week', {}, { at })]);
    const stored = await store.run((db) => sql`select id from verdict_20310106`.execute(db));
    expect(stored.rows).toEqual([{ id: 'vrd_week' }]);

    // Ten days before the 23rd is the 13th, when the week of the 6th has just ended.
    expect(
      await tendPartitions(store, { now: Date.parse('2031-01-22T23:00:00Z'), retentionDays }),
    ).not.toContain('verdict_20310106');
    expect((await journal.find('red', 'vrd_week'))?.at).toBe(at);
    const dropped = await tendPartitions(store, { now: Date.parse('2031-01-23T00:00:00Z'), retentionDays });
    expect(dropped).toContain('verdict_20310106');
    expect(dropped).toContain('attempt_20310106');
    expect(await journal.find('red', 'vrd_week')).toBeNull();
    await journal.close(5_000);
  });
}
