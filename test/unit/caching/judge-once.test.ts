import { describe, expect, it } from 'vitest';
import { judgeOnce, type OnceResult } from '../../../src/caching/judge-once.ts';
import type { FlightState, Leases } from '../../../src/contracts/cache.ts';
import type { RoutingResult } from '../../../src/contracts/routing.ts';
import { GatewayError } from '../../../src/domain/errors.ts';
import { openCall } from '../../fakes/engine.ts';
import { failedResult, labelledResult } from '../../fakes/routing-results.ts';

/** What gateways share: leases and labels by key, and whether it answers. */
function createShared() {
  const held = new Map<string, { readonly holder: string; landed: RoutingResult | null }>();
  const labels = new Map<string, RoutingResult>();
  let number = 0;
  const shared = { isAway: false, takes: 0, labels, expire: (key: string) => void held.delete(key) };
  const leases: Leases = {
    take(key) {
      shared.takes += 1;
      if (shared.isAway) return Promise.resolve({ type: 'away' });
      const other = held.get(key);
      if (other !== undefined && other.landed === null) {
        return Promise.resolve({ type: 'theirs', holder: other.holder });
      }
      const holder = `h${(number += 1)}`;
      held.set(key, { holder, landed: null });
      const end = (result: RoutingResult | null): Promise<void> => {
        if (held.get(key)?.holder === holder) {
          if (result === null) held.delete(key);
          else held.set(key, { holder, landed: result });
        }
        return Promise.resolve();
      };
      return Promise.resolve({ type: 'mine', lease: { end } });
    },
    watch(key, holder): Promise<FlightState> {
      if (shared.isAway) return Promise.resolve({ type: 'away' });
      const entry = held.get(key);
      if (entry?.holder !== holder) return Promise.resolve({ type: 'gone' });
      return Promise.resolve(
        entry.landed === null ? { type: 'flying' } : { type: 'landed', result: entry.landed },
      );
    },
  };
  /** A gateway that asks; its judges answer when the test says so. */
  const ask = (signal?: AbortSignal) => {
    const judged = Promise.withResolvers<{ result: RoutingResult; written: Promise<void> | null }>();
    const started = Promise.withResolvers<void>();
    const end: Promise<OnceResult> = judgeOnce(
      {
        key: 'k',
        leases,
        clock: { after: (_ms, callback) => (setImmediate(callback), () => undefined) },
        look: () => Promise.resolve(labels.get('k') ?? null),
        judge() {
          started.resolve();
          return judged.promise;
        },
      },
      openCall(signal),
    );
    return { end, started: started.promise, ...judged };
  };
  return { shared, ask };
}

describe('judging once between gateways', () => {
  it('gives the others the label of the one that judged', async () => {
    const { shared, ask } = createShared();
    const first = ask();
    await first.started;
    const others = [ask(), ask()];
    const result = labelledResult(0.9, 0.1);
    shared.labels.set('k', result);
    first.resolve({ result, written: Promise.resolve() });
    expect(await first.end).toEqual({ type: 'judged', result });
    for (const other of others) expect(await other.end).toEqual({ type: 'shared', result });
  });

  it('ends the lease only when the label can be found', async () => {
    const { shared, ask } = createShared();
    const first = ask();
    await first.started;
    const other = ask();
    const written = Promise.withResolvers<void>();
    const result = labelledResult(0.9, 0.1);
    first.resolve({ result, written: written.promise });
    await first.end;
    shared.labels.set('k', result);
    written.resolve();
    expect((await other.end).type).toBe('shared');
  });

  it('shares a failure with those who wait and with nobody who comes later', async () => {
    const { ask } = createShared();
    const first = ask();
    await first.started;
    const other = ask();
    const result = failedResult('engine_error');
    first.resolve({ result, written: null });
    expect(await other.end).toEqual({ type: 'shared', result });
    const later = ask();
    await later.started;
    later.resolve({ result: labelledResult(0.9, 0.1), written: null });
    expect((await later.end).type).toBe('judged');
  });

  it.each(['deadline_exceeded', 'cancelled'] as const)(
    'does not share that its own time was over: %s',
    async (code) => {
      const { ask } = createShared();
      const first = ask();
      await first.started;
      const other = ask();
      first.resolve({ result: failedResult(code), written: null });
      await other.started;
      other.resolve({ result: labelledResult(0.9, 0.1), written: null });
      expect((await other.end).type).toBe('judged');
    },
  );

  it('hands over when the one that judges dies, or breaks', async () => {
    const { shared, ask } = createShared();
    const first = ask();
    await first.started;
    const other = ask();
    shared.expire('k');
    await other.started;
    const third = ask();
    other.reject(new Error('a defect'));
    await expect(other.end).rejects.toThrow('a defect');
    await third.started;
    third.resolve({ result: labelledResult(0.9, 0.1), written: null });
    expect((await third.end).type).toBe('judged');
  });

  it('goes alone without Redis, also when it leaves in the middle', async () => {
    const { shared, ask } = createShared();
    const first = ask();
    await first.started;
    const other = ask();
    shared.isAway = true;
    await other.started;
    other.resolve({ result: labelledResult(0.1, 0.9), written: null });
    expect((await other.end).type).toBe('judged');
  });

  it('lets a caller leave who has waited long enough', async () => {
    const { ask } = createShared();
    const first = ask();
    await first.started;
    const abort = new AbortController();
    const other = ask(abort.signal);
    abort.abort(new GatewayError('deadline_exceeded', 'over'));
    expect(await other.end).toEqual({ type: 'left' });
  });
});
