import type { EngineFailure } from '../contracts/engine.ts';

/** Failures of a replica that was not asked properly, the same for every kind of engine. */

export const TOO_LATE: EngineFailure = {
  code: 'deadline_exceeded',
  message: 'the deadline passed before the engine was asked',
  sent: false,
  blamesReplica: false,
};

export const NOT_WARM: EngineFailure = {
  code: 'engine_unavailable',
  message: 'the replica has not been warmed up',
  sent: false,
  blamesReplica: false,
};

export const ONE_LABEL: EngineFailure = {
  code: 'engine_rejected',
  message: 'the engine tells the probabilities of one label a call, not of several in one answer',
  sent: false,
  blamesReplica: false,
};

export function unknownLabels(id: string): EngineFailure {
  return {
    code: 'internal',
    message: `the engine was not told of the label set ${id}`,
    sent: false,
    blamesReplica: false,
  };
}

export function failed(failure: EngineFailure): { readonly ok: false; readonly failure: EngineFailure } {
  return { ok: false, failure };
}
