import type { CallStarter, StartedCall } from '../contracts/call.ts';
import type { Clock } from '../contracts/clock.ts';
import { GatewayError } from '../domain/errors.ts';

/**
 * Deadlines: every request gets one signal that aborts when its time is over or its caller leaves.
 * A plain controller and one timer, because `AbortSignal.any` keeps memory until late finalisers run.
 */
export function createCallStarter(clock: Clock): CallStarter {
  return {
    start({ timeoutMs, ...about }): StartedCall {
      const controller = new AbortController();
      const stopTimer = clock.after(timeoutMs, () => {
        controller.abort(new GatewayError('deadline_exceeded', `no answer within ${timeoutMs} ms`));
      });
      let ended = false;
      return {
        call: { ...about, signal: controller.signal, deadline: clock.monotonic() + timeoutMs },
        cancel() {
          if (ended) return;
          stopTimer();
          controller.abort(new GatewayError('cancelled', 'the caller went away'));
        },
        end() {
          ended = true;
          stopTimer();
        },
      };
    },
  };
}
