import type { Call } from '../../contracts/call.ts';
import type { EngineResult } from '../../contracts/engine.ts';
import { type BackendName, BACKENDS } from './backends.ts';
import type { Kserve } from './kserve.ts';
import { checkReady, describeModel, readVersion } from './server.ts';
import type { ModelSignature } from './signature.ts';
import { loadTokens, type TextTokens } from './tokenizer.ts';

/** What must be known of a model before it is asked anything. */
export interface KnownModel {
  readonly signature: ModelSignature;
  /** Null without a tokenizer. */
  readonly tokens: TextTokens | null;
}

/** The version of a server that is ready and has the model ready; null when it does not tell. */
export async function meetServer(
  kserve: Kserve,
  model: string,
  call: Call,
): Promise<EngineResult<string | null>> {
  const version = await readVersion(kserve, call);
  if (!version.ok) return version;
  const unready = await checkReady(kserve, model, call);
  return unready === null ? version : { ok: false, failure: unready };
}

export async function learnModel(
  kserve: Kserve,
  { model, backend, tokenizer }: { model: string; backend: BackendName; tokenizer?: string },
  call: Call,
): Promise<EngineResult<KnownModel>> {
  const signature = await describeModel(kserve, model, BACKENDS[backend].required, call);
  if (!signature.ok) return signature;
  if (tokenizer === undefined) return { ok: true, value: { signature: signature.value, tokens: null } };
  const tokens = await loadTokens(tokenizer, call.signal);
  return tokens.ok ? { ok: true, value: { signature: signature.value, tokens: tokens.value } } : tokens;
}
