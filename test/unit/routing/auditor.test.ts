import { describe, expect, it } from 'vitest';
import type { Call } from '../../../src/contracts/call.ts';
import { createCallStarter } from '../../../src/resilience/deadline.ts';
import { createAuditor } from '../../../src/routing/auditor.ts';
import { createSystemClock } from '../../../src/telemetry/system-clock.ts';

interface Gate {
  readonly audit: { requestId: string; team: string; timeoutMs: number; work(call: Call): Promise<void> };
  readonly calls: Call[];
  open(): void;
}

/** An audit that ends when it is told to, or when its call is aborted. */
function gate(requestId: string): Gate {
  const calls: Call[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  return {
    calls,
    open: resolve,
    audit: {
      requestId,
      team: 'team',
      timeoutMs: 60_000,
      work(call) {
        calls.push(call);
        call.signal.addEventListener('abort', () => resolve());
        return promise;
      },
    },
  };
}

function auditor(concurrency: number, waiting: number) {
  return createAuditor({ calls: createCallStarter(createSystemClock()), concurrency, waiting });
}

describe('the auditor', () => {
  it('runs a bounded number at once, in their order, as calls of class audit', async () => {
    const gates = [gate('1'), gate('2'), gate('3')] as const;
    const background = auditor(2, 10);
    for (const { audit } of gates) expect(background.run(audit)).toBe(true);
    expect(gates.map(({ calls }) => calls.length)).toEqual([1, 1, 0]);
    expect(gates[0].calls[0]).toMatchObject({ requestId: '1', team: 'team', class: 'audit' });
    gates[0].open();
    await expect.poll(() => gates[2].calls.length).toBe(1);
    gates[1].open();
    gates[2].open();
    await background.idle();
    expect(background.dropped()).toBe(0);
  });

  it('drops what there is no room for, and counts it', async () => {
    const gates = [gate('1'), gate('2'), gate('3')] as const;
    const background = auditor(1, 1);
    expect(gates.map(({ audit }) => background.run(audit))).toEqual([true, true, false]);
    expect(background.dropped()).toBe(1);
    await background.close();
    expect(gates[0].calls[0]?.signal.aborted).toBe(true);
    expect(gates[1].calls).toHaveLength(0);
    expect(background.dropped()).toBe(2);
    expect(background.run(gate('4').audit)).toBe(false);
  });
});
