import type { Engine } from '../contracts/engine.ts';
import { sendJson } from './reply.ts';
import type { Handler } from './handler.ts';

/**
 * Where the gateway is in its life. `draining` is not ready but still serves, so that balancers can look
 * away first; `closing` refuses what is new.
 */
export type Phase = 'serving' | 'draining' | 'closing';

/** `GET /readyz`: 200 when every engine has a ready replica, else 503 telling which has none and why. */
export function createReadinessHandler(engines: ReadonlyMap<string, Engine>, phase: () => Phase): Handler {
  return (exchange) => {
    const states = [...engines.values()].map(engineState);
    const isReady = states.every((state) => state.ready > 0);
    const status = phase() === 'serving' ? (isReady ? 'ready' : 'not_ready') : 'draining';
    sendJson(exchange, status === 'ready' ? 200 : 503, { status, engines: states });
  };
}

/** `GET /healthz`: the process answers, whatever its engines do. */
export const answerHealth: Handler = (exchange) => sendJson(exchange, 200, { status: 'ok' });

/** Counts and reasons, without addresses: this needs no key. */
function engineState(engine: Engine): { engine: string; replicas: number; ready: number; reasons: string[] } {
  const replicas = engine.replicas();
  const waiting = replicas.filter((replica) => !replica.ready);
  return {
    engine: engine.id,
    replicas: replicas.length,
    ready: replicas.length - waiting.length,
    reasons: [...new Set(waiting.flatMap((replica) => replica.reason ?? []))],
  };
}
