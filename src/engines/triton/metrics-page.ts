import { Client } from 'undici';
import type { EngineFailure, EngineResult } from '../../contracts/engine.ts';
import { abortFailure, connectFailure, tooLargeFailure } from '../openai/transport-failures.ts';

/** Triton's metrics endpoint: plain HTTP on a port of its own, beside gRPC. */
export interface MetricsPage {
  read(signal: AbortSignal): Promise<EngineResult<string>>;
  close(): Promise<void>;
}

/** A server with many models writes some hundred kilobytes. */
const LONGEST_PAGE = 4_000_000;

export function createMetricsPage(replica: string, port: number): MetricsPage {
  const client = new Client(`http://${new URL(replica).hostname}:${port}`, {
    maxResponseSize: LONGEST_PAGE,
    connectTimeout: 1_000,
  });
  return {
    async read(signal) {
      try {
        const { statusCode, body } = await client.request({ method: 'GET', path: '/metrics', signal });
        const text = await body.text();
        return statusCode === 200 ? { ok: true, value: text } : { ok: false, failure: NO_PAGE };
      } catch (error) {
        return { ok: false, failure: readFailure(error, signal) };
      }
    },
    close: () => client.destroy(),
  };
}

/** Nobody is to blame for a page that is missing: the engine works without it. */
function readFailure(error: unknown, signal: AbortSignal): EngineFailure {
  if (signal.aborted) return abortFailure(signal, true);
  if (error instanceof Error && 'code' in error && error.code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') {
    return tooLargeFailure(LONGEST_PAGE);
  }
  return { ...connectFailure(error), blamesReplica: false };
}

const NO_PAGE: EngineFailure = {
  code: 'engine_error',
  message: 'the server has no metrics on this port',
  sent: true,
  blamesReplica: false,
};
