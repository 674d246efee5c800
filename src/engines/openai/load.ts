import type { ReplicaLoad, TokenCounts } from '../../contracts/engine.ts';
import { type Sample, samplesOf } from './prometheus.ts';

/** Where an engine tells how busy it is, and under which names. */
export interface LoadMetrics {
  readonly path: string;
  readonly running: string;
  readonly waiting: string;
  /** Share of the cache in use, the newest name first; empty when it is not told. */
  readonly cacheUse: readonly string[];
  /** Counters of tokens since the start; null where they are missing or leave cached tokens out. */
  readonly tokens: { readonly input: string; readonly output: string } | null;
}

/** The load in an engine's metrics; null when they do not tell it. */
export function readLoad(text: string, metrics: LoadMetrics): ReplicaLoad | null {
  const running = total(samplesOf(text, metrics.running));
  const waiting = total(samplesOf(text, metrics.waiting));
  if (running === null || waiting === null) return null;
  const shares = metrics.cacheUse.map((name) => ownSamples(samplesOf(text, name)));
  const [told] = shares.filter((samples) => samples.length > 0);
  const cacheUse = told === undefined ? null : Math.min(1, Math.max(0, ...told.map(({ value }) => value)));
  const tokens = readTokens(text, metrics);
  return { running, waiting, cacheUse, ...(tokens === null ? {} : { tokens }) };
}

function readTokens(text: string, { tokens: names }: LoadMetrics): TokenCounts | null {
  if (names === null) return null;
  const input = total(samplesOf(text, names.input));
  const output = total(samplesOf(text, names.output));
  return input === null || output === null ? null : { input, output };
}

/** One series for each engine process behind the address. */
function total(samples: readonly Sample[]): number | null {
  const own = ownSamples(samples);
  return own.length === 0 ? null : own.reduce((sum, { value }) => sum + Math.max(0, value), 0);
}

/** SGLang's tensor-parallel workers all tell of the same requests: only the first of them counts. */
function ownSamples(samples: readonly Sample[]): readonly Sample[] {
  return samples.filter(({ labels }) => !/\btp_rank="(?!0")/.test(labels));
}
