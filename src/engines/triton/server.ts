import type { Call } from '../../contracts/call.ts';
import type { EngineFailure, EngineResult } from '../../contracts/engine.ts';
import type { ModelConfigResponse__Output } from './generated/inference/ModelConfigResponse.ts';
import type { ModelMetadataResponse__Output } from './generated/inference/ModelMetadataResponse.ts';
import type { ModelReadyResponse__Output } from './generated/inference/ModelReadyResponse.ts';
import type { ServerMetadataResponse__Output } from './generated/inference/ServerMetadataResponse.ts';
import type { ServerReadyResponse__Output } from './generated/inference/ServerReadyResponse.ts';
import { ask, type Kserve } from './kserve.ts';
import { type ModelSignature, readSignature, type RequiredTensors } from './signature.ts';

/** Version of the server, such as `2.51.0`; also the first question to one, so that it is known to be there. */
export async function readVersion(kserve: Kserve, call: Call): Promise<EngineResult<string | null>> {
  const reply = await ask<ServerMetadataResponse__Output>(
    kserve,
    (done) => kserve.client.ServerMetadata({}, kserve.callOptions(call), done),
    call.signal,
  );
  return reply.ok ? { ok: true, value: reply.value.version ?? null } : reply;
}

/** Fails unless the model can take requests; says whether it is the model or the whole server that cannot. */
export async function checkReady(kserve: Kserve, model: string, call: Call): Promise<EngineFailure | null> {
  const options = kserve.callOptions(call);
  const ready = await ask<ModelReadyResponse__Output>(
    kserve,
    (done) => kserve.client.ModelReady({ name: model }, options, done),
    call.signal,
  );
  if (!ready.ok) return ready.failure;
  // Older servers say no for a model that they have never heard of, newer ones NOT_FOUND.
  if (ready.value.ready === true) return null;
  const server = await ask<ServerReadyResponse__Output>(
    kserve,
    (done) => kserve.client.ServerReady({}, options, done),
    call.signal,
  );
  if (!server.ok) return server.failure;
  return server.value.ready === true ? notLoaded(model) : STARTING;
}

/** Asks what the model takes and gives. */
export async function describeModel(
  kserve: Kserve,
  model: string,
  required: RequiredTensors,
  call: Call,
): Promise<EngineResult<ModelSignature>> {
  const options = kserve.callOptions(call);
  const [metadata, config] = await Promise.all([
    ask<ModelMetadataResponse__Output>(
      kserve,
      (done) => kserve.client.ModelMetadata({ name: model }, options, done),
      call.signal,
    ),
    ask<ModelConfigResponse__Output>(
      kserve,
      (done) => kserve.client.ModelConfig({ name: model }, options, done),
      call.signal,
    ),
  ]);
  if (!metadata.ok) return metadata;
  if (!config.ok) return config;
  return readSignature(model, required, metadata.value, config.value);
}

function notLoaded(model: string): EngineFailure {
  return {
    code: 'model_not_found',
    message: `Triton has no model ${JSON.stringify(model)} that is ready`,
    sent: false,
    blamesReplica: true,
  };
}

const STARTING: EngineFailure = {
  code: 'engine_unavailable',
  message: 'Triton is starting or shutting down',
  sent: false,
  blamesReplica: true,
};
