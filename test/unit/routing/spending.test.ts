import { describe, expect, it } from 'vitest';
import { GatewayError } from '../../../src/domain/errors.ts';
import { createSpendPace } from '../../../src/routing/deferral/spend-pace.ts';
import { createSpending } from '../../../src/routing/spending.ts';
import { manualClock } from '../../fakes/clock.ts';
import { openCall } from '../../fakes/engine.ts';

const random = { id: (prefix: string) => prefix, uniform: () => 0.5 };
/** 100 nano-dollars a second, an error is worth 10. */
const money = { nanoUsd: 100, windowMs: 1_000, errorNanoUsd: 10 };
const refused = { accepted: false, wrong: 0.4, escalationNanoUsd: 100 };

function spendingWith(choice: 'pause' | 'queue' | 'release' | 'drop') {
  const clock = manualClock();
  const spending = createSpending({ pace: createSpendPace(money, clock), choice, clock, random });
  return { clock, spending };
}

describe('spending', () => {
  it('pays for what the certificate demands while there is money, then ends as the policy says', async () => {
    const { spending } = spendingWith('pause');
    const first = await spending.consider(refused, openCall());
    expect(first).toMatchObject({ action: 'escalate', inclusion: 1 });
    const second = await spending.consider(refused, openCall());
    expect(second).toMatchObject({ action: 'stop', problem: { code: 'over_budget' } });
  });

  it('releases with a flag where the policy says so, and never calls it proven', async () => {
    const { spending } = spendingWith('release');
    await spending.consider(refused, openCall());
    expect(await spending.consider(refused, openCall())).toMatchObject({ action: 'release' });
  });

  it('gives back what an escalation did not cost', async () => {
    const { spending } = spendingWith('pause');
    await spending.consider(refused, openCall());
    spending.settle(-100);
    expect(await spending.consider(refused, openCall())).toMatchObject({ action: 'escalate' });
  });

  it('holds an item until there is money, and lets go when its caller leaves', async () => {
    const { clock, spending } = spendingWith('queue');
    await spending.consider(refused, openCall());
    const held = spending.consider(refused, { ...openCall(), deadline: clock.monotonic() + 60_000 });
    clock.advance(2_000);
    expect(await held).toMatchObject({ action: 'escalate' });
    await spending.consider(refused, openCall());
    const controller = new AbortController();
    const left = spending.consider(refused, {
      ...openCall(controller.signal),
      deadline: clock.monotonic() + 60_000,
    });
    controller.abort(new GatewayError('cancelled', 'the caller went away'));
    expect(await left).toMatchObject({ action: 'stop', problem: { code: 'over_budget' } });
  });

  it('lets a certified label stand when asking costs more than an error', async () => {
    const { spending } = spendingWith('pause');
    const accepted = { accepted: true, wrong: 0.01, escalationNanoUsd: 100 };
    expect(await spending.consider(accepted, openCall())).toMatchObject({ action: 'accept' });
  });
});
