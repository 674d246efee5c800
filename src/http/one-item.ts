import type { Call } from '../contracts/call.ts';
import { GatewayError } from '../domain/errors.ts';
import type { GatewayDeps } from './deps.ts';
import type { Exchange } from './exchange.ts';
import { deadlineOf } from './handler.ts';

/** Runs `work` as one item of the caller's team and of the policy, within their limits of items at once. */
export function withItem<T>(
  exchange: Exchange,
  { calls, items }: Pick<GatewayDeps, 'calls' | 'items'>,
  { deadlineMs, policy }: { readonly deadlineMs: number; readonly policy?: string | undefined },
  work: (call: Call) => Promise<T>,
): Promise<T> {
  return exchange.withCall(calls, deadlineOf(exchange, deadlineMs), async (started) => {
    const call = { ...started, policy };
    items.admit(call);
    const entered = await items.enter(call);
    if (!entered.ok) throw new GatewayError(entered.problem.code, entered.problem.message);
    try {
      return await work(call);
    } finally {
      entered.leave();
    }
  });
}
