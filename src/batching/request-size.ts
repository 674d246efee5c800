import type { DistributionRequest, GenerationRequest } from '../contracts/engine.ts';
import {
  charactersOf,
  labelTokensOf,
  messageCharacters,
  outputTokensOf,
  tokensIn,
} from '../domain/token-estimate.ts';
import type { Need } from './admission.ts';

/** What calls need, told from their texts: `cachedShare` of the prompt will be found in the engine's cache. */

const BYTES_PER_CHARACTER = 2;

export function needOfDistribution({ messages, numbered }: DistributionRequest, cachedShare: number): Need {
  return needOf('label', messageCharacters(messages), { cachedShare, output: labelTokensOf(numbered) });
}

export function needOfGeneration({ body }: GenerationRequest, cachedShare: number): Need {
  const characters = charactersOf(body['messages'] ?? body['prompt']);
  return needOf('generation', characters, { cachedShare, output: outputTokensOf(body) });
}

export function needOfJson(body: Readonly<Record<string, unknown>>): Need {
  return needOf('json', charactersOf(body), { cachedShare: 0, output: 0 });
}

function needOf(
  kind: Need['kind'],
  characters: number,
  tokens: { readonly cachedShare: number; readonly output: number },
): Need {
  const computed = tokensIn(characters * (1 - tokens.cachedShare));
  return { kind, tokens: Math.max(1, computed + tokens.output), bytes: characters * BYTES_PER_CHARACTER };
}
