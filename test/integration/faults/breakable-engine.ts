import {
  type Script,
  type ScriptedEngine,
  type SeenRequest,
  startScriptedEngine,
} from '../../fakes/scripted-engine.ts';
import { routed, vllmRoutes } from '../../fakes/scripted-vllm.ts';

/** A scripted vLLM that is well until it is told how to answer model calls wrongly. */
export interface BreakableEngine extends AsyncDisposable {
  readonly url: string;
  readonly engine: ScriptedEngine;
  /** Chat calls since the last `forget`. */
  calls(): readonly SeenRequest[];
  forget(): void;
  breakWith(script: Script): void;
  mend(): void;
}

const CHAT = '/v1/chat/completions';
const healthy = routed(vllmRoutes());

export async function startBreakableEngine(): Promise<BreakableEngine> {
  let script: Script = healthy;
  const engine = await startScriptedEngine((request, response) => {
    (request.path === CHAT ? script : healthy)(request, response);
  });
  let forgotten = 0;
  return {
    url: engine.url,
    engine,
    calls: () => engine.seen.slice(forgotten).filter(({ path }) => path === CHAT),
    forget() {
      forgotten = engine.seen.length;
    },
    breakWith(broken) {
      script = broken;
    },
    mend() {
      script = healthy;
    },
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}
