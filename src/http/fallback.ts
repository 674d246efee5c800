import type { Engine, EngineFailure, EngineResult } from '../contracts/engine.ts';
import type { Exchange } from './exchange.ts';

/**
 * Asks engines in order until one takes the request. The next one is asked only when the one before cannot
 * have worked on it, so that nothing is paid twice.
 */
export async function askInOrder<T>(
  exchange: Exchange,
  engines: readonly Engine[],
  ask: (engine: Engine) => Promise<EngineResult<T>>,
): Promise<EngineResult<T>> {
  let result: EngineResult<T> = { ok: false, failure: NO_ENGINE };
  for (const engine of engines) {
    exchange.engine = engine.id;
    result = await ask(engine);
    if (result.ok || !isUntouched(result.failure)) return result;
  }
  return result;
}

const NO_ENGINE: EngineFailure = {
  code: 'engine_unavailable',
  message: 'no engine stands behind this model',
  sent: false,
  blamesReplica: false,
};

function isUntouched({ code, sent }: EngineFailure): boolean {
  return code === 'engine_unavailable' || code === 'overloaded' || (code === 'engine_error' && !sent);
}
