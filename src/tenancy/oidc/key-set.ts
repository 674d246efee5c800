import { createLocalJWKSet, errors, type JWTVerifyGetKey } from 'jose';
import type { Clock } from '../../contracts/clock.ts';
import type { Logger } from '../../contracts/telemetry.ts';
import type { FetchKeys } from './fetch-keys.ts';

export interface KeySetOptions {
  readonly fetch: FetchKeys;
  /** Milliseconds for which keys are good that could not be fetched again. */
  readonly maxAgeMs: number;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly logger: Logger;
}

/** Nobody knows the issuer's keys, or not for so long that they may have been withdrawn. */
export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable';
}

/** Keys are fetched anew after this, while the ones from before still answer. */
const REFRESH_MS = 10 * 60_000;
/** Between two fetches, whoever asks: tokens with made-up key ids must not become load on the issuer. */
const COOLDOWN_MS = 10_000;

/** The public keys of an issuer. A token with a key that is not known yet is a reason to look again. */
export function createKeySet({ fetch, maxAgeMs, clock, logger }: KeySetOptions): JWTVerifyGetKey {
  let known: { readonly find: JWTVerifyGetKey; readonly at: number } | null = null;
  let triedAt = -Infinity;
  let loading: Promise<void> | null = null;
  const load = async (): Promise<void> => {
    const at = clock.monotonic();
    try {
      known = { find: createLocalJWKSet(await fetch()), at };
    } catch (err) {
      logger.warn({ err }, 'the keys of the OIDC issuer could not be fetched');
    }
  };
  /** At once when it is too early for another fetch. */
  const refresh = (): Promise<void> => {
    const isEarly = clock.monotonic() - triedAt < COOLDOWN_MS;
    if (loading === null && isEarly) return Promise.resolve();
    if (loading === null) {
      triedAt = clock.monotonic();
      loading = load().finally(() => (loading = null));
    }
    return loading;
  };
  const usable = (): JWTVerifyGetKey | null =>
    known !== null && clock.monotonic() - known.at < maxAgeMs ? known.find : null;
  return async (header, token) => {
    if (usable() === null) await refresh();
    else if (known !== null && clock.monotonic() - known.at > REFRESH_MS) void refresh();
    const find = usable();
    if (find === null) throw new KeysUnavailable('the keys of the OIDC issuer are not known');
    try {
      return await find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await refresh();
      return (usable() ?? find)(header, token);
    }
  };
}
