import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fleet, type Judged, startFleet, summaryOf } from './fleet.ts';
import { type KillableEngine, startKillableEngine } from './killable-engine.ts';

/** Each item is judged in both orders, so 300 items need 600 engine calls. */
const ITEMS = 300;

let engines: readonly [KillableEngine, KillableEngine, KillableEngine];
let fleet: Fleet;
const labels = new Map<string, string | null>();

beforeAll(async () => {
  engines = await Promise.all([startKillableEngine(), startKillableEngine(), startKillableEngine()]);
  fleet = await startFleet(
    engines.map(({ url }) => url),
    { orders: 'both' },
  );
});
afterAll(async () => {
  await fleet[Symbol.asyncDispose]();
  await Promise.all(engines.map((engine) => engine[Symbol.asyncDispose]()));
});

/** Kills it while it has calls in its hands. */
async function killBusy(engine: KillableEngine): Promise<void> {
  await engine.called();
  await engine.kill();
}

function keepLabels(verdicts: readonly Judged[]): void {
  for (const { item_id: id, label } of verdicts) labels.set(id, label);
}

function callsSince(): number {
  return engines.reduce((sum, engine) => sum + engine.calls(), 0);
}

function forgetCalls(): void {
  for (const engine of engines) engine.forget();
}

describe('an engine process that is killed with calls in its hands', () => {
  it('costs no label while two of three are left', async () => {
    forgetCalls();
    const verdicts = await fleet.judgeMany(ITEMS, { 100: () => killBusy(engines[0]) });
    expect(summaryOf(verdicts)).toMatchObject({ labels: 300, failures: [] });
    expect(summaryOf(verdicts).attempts).toBeGreaterThan(600);
    expect(callsSince()).toBeLessThanOrEqual(720);
    keepLabels(verdicts);
    await fleet.ready(2);
  });

  it('costs no label while one of three is left', async () => {
    forgetCalls();
    const verdicts = await fleet.judgeMany(ITEMS, { 400: () => killBusy(engines[1]) }, 300);
    expect(summaryOf(verdicts)).toMatchObject({ labels: 300, failures: [] });
    expect(summaryOf(verdicts).attempts).toBeGreaterThan(600);
    expect(callsSince()).toBeLessThanOrEqual(720);
    keepLabels(verdicts);
    await fleet.ready(1);
  });

  it('leaves typed failures and no label when it was the last one, and all of them at once', async () => {
    const verdicts = await fleet.judgeMany(100, { 630: () => killBusy(engines[2]) }, 600);
    const summary = summaryOf(verdicts);
    expect(summary.labels + summary.failures.length).toBe(100);
    expect(summary.labels).toBeGreaterThanOrEqual(14);
    // A call in hand breaks; whether its retry still finds the replica decides which of the two it ends as.
    const others = summary.failures.filter(
      (code) => code !== 'engine_error' && code !== 'engine_unavailable',
    );
    expect(others).toEqual([]);
    expect(summary.failures.length).toBeGreaterThan(0);
    keepLabels(verdicts.filter(({ label }) => label !== null));
    await fleet.ready(0);
  });

  it('is used again when it is back, without an error, and no label was a wrong one', async () => {
    await Promise.all(engines.map((engine) => engine.restart()));
    await fleet.ready(3);
    forgetCalls();
    const again = await fleet.judgeMany(700);
    expect(summaryOf(again)).toEqual({ labels: 700, failures: [], attempts: 1400 });
    expect(engines.every((engine) => engine.calls() > 0)).toBe(true);
    const known = again.filter(({ item_id: id }) => labels.has(id));
    expect(known.length).toBeGreaterThan(600);
    expect(known.map(({ item_id: id }) => labels.get(id))).toEqual(known.map(({ label }) => label));
  });
});
