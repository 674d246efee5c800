import type { Call } from '../contracts/call.ts';
import type { GatewayError } from '../domain/errors.ts';

/** A call of its own for one attempt: it ends with its parent, and can be ended alone. */
export interface LinkedCall {
  readonly call: Call;
  abort(reason: GatewayError): void;
  /** Must be called once the attempt is over. */
  unlink(): void;
}

/** By hand, because `AbortSignal.any` keeps memory until late finalisers run. */
export function linkCall(parent: Call): LinkedCall {
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(parent.signal.reason);
  if (parent.signal.aborted) onAbort();
  else parent.signal.addEventListener('abort', onAbort, { once: true });
  return {
    call: { ...parent, signal: controller.signal },
    abort: (reason) => controller.abort(reason),
    unlink: () => parent.signal.removeEventListener('abort', onAbort),
  };
}
