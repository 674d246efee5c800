import type { Engine } from '../contracts/engine.ts';
import type { JournalHealth } from '../contracts/ledger.ts';
import type { GatewayDeps } from './deps.ts';
import { sendJson } from './reply.ts';
import type { Handler } from './handler.ts';

/**
 * Where the gateway is in its life. `draining` is not ready but still serves, so that balancers can look
 * away first; `closing` refuses what is new.
 */
export type Phase = 'serving' | 'draining' | 'closing';

type Ready = Pick<GatewayDeps, 'engines' | 'ledger'>;

/**
 * `GET /readyz`: 200 when every engine has a ready replica and verdicts can be kept, else 503 telling what is
 * missing and why. A database that is away alone is told, but labels are still given while there is room.
 */
export function createReadinessHandler({ engines, ledger }: Ready, phase: () => Phase): Handler {
  return (exchange) => {
    const states = [...engines.values()].map(engineState);
    const storage = ledger === null ? null : storageState(ledger.journal.health());
    const isReady = states.every((state) => state.ready > 0) && storage?.state !== 'full';
    const status = phase() === 'serving' ? (isReady ? 'ready' : 'not_ready') : 'draining';
    sendJson(exchange, status === 'ready' ? 200 : 503, {
      status,
      engines: states,
      ...(storage === null ? {} : { storage }),
    });
  };
}

/** `GET /healthz`: the process answers, whatever its engines do. */
export const answerHealth: Handler = (exchange) => sendJson(exchange, 200, { status: 'ok' });

/** `holding`: the database is away, and what comes waits in memory; `full`: callers wait too. */
function storageState({ isWriting, waiting, bytes, mostBytes, refused }: JournalHealth) {
  const state = bytes >= mostBytes ? 'full' : isWriting ? 'writing' : 'holding';
  return { state, waiting, refused };
}

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
