import type { Clock } from '../contracts/clock.ts';
import type { EngineFailure } from '../contracts/engine.ts';
import { isServerError } from '../domain/errors.ts';
import type { OutlierSettings } from './settings.ts';

/**
 * Takes a replica out for a while that fails again and again although its warm-ups succeed. Whoever asks
 * decides whether there are enough others (`mayEject`), and may ignore ejections when most are ejected.
 */
export interface Outlier {
  answered(): void;
  failed(failure: EngineFailure): void;
  isEjected(): boolean;
}

export function createOutlier(settings: OutlierSettings, clock: Clock, mayEject: () => boolean): Outlier {
  let localFailures = 0;
  let serverErrors = 0;
  let ejections = 0;
  let ejectedUntil = Number.NEGATIVE_INFINITY;

  const eject = (): void => {
    if (!mayEject()) return;
    const now = clock.monotonic();
    // A long good time is forgiven.
    if (now - ejectedUntil > settings.longestMs) ejections = 0;
    ejections += 1;
    ejectedUntil = now + Math.min(settings.longestMs, settings.ejectionMs * ejections);
    localFailures = 0;
    serverErrors = 0;
  };
  return {
    answered() {
      localFailures = 0;
      serverErrors = 0;
    },
    failed({ code, blamesReplica }) {
      if (blamesReplica) localFailures += 1;
      else if (isServerError(code)) serverErrors += 1;
      else return;
      if (localFailures >= settings.localFailures || serverErrors >= settings.serverErrors) eject();
    },
    isEjected: () => clock.monotonic() < ejectedUntil,
  };
}
