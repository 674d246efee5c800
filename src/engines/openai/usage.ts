import { NO_USAGE, type Usage } from '../../domain/cost.ts';
import { isObject } from './json.ts';

export interface EngineUsage extends Usage {
  /** The engine says how many input tokens came from its cache, be it 0. */
  readonly reportsCached: boolean;
}

export const UNKNOWN_USAGE: EngineUsage = { ...NO_USAGE, reportsCached: false };

/** Reads the `usage` object of a reply or chunk; null when there is none. Wrong numbers count as 0. */
export function readUsage(usage: unknown): EngineUsage | null {
  if (!isObject(usage)) return null;
  const details = usage['prompt_tokens_details'];
  const cached = isObject(details) ? details['cached_tokens'] : undefined;
  const inputTokens = count(usage['prompt_tokens']);
  return {
    inputTokens,
    cachedInputTokens: Math.min(inputTokens, count(cached)),
    outputTokens: count(usage['completion_tokens']),
    reportsCached: typeof cached === 'number',
  };
}

/** The four integers without the flag, as the contract knows them. */
export function toUsage({ inputTokens, cachedInputTokens, outputTokens }: EngineUsage): Usage {
  return { inputTokens, cachedInputTokens, outputTokens };
}

function count(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0;
}
