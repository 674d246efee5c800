import { createHash } from 'node:crypto';
import type {
  DistributionReply,
  DistributionRequest,
  GenerationRequest,
  JsonReply,
} from '../contracts/engine.ts';
import { charactersOf, messageCharacters, outputTokensOf, tokensIn } from '../domain/token-estimate.ts';
import type { Request } from './attempt.ts';

/** What callers ask for, as requests that can be attempted: what to ask, how large it is, whose item it is. */

export function distributionRequest(request: DistributionRequest): Request<DistributionReply> {
  return {
    kind: 'label',
    affinity: request.affinity,
    tokens: 1 + tokensIn(messageCharacters(request.messages)),
    identity: () => digest(request.identity ?? request.messages.map(({ content }) => content)),
    ask: (replica, call) => replica.distribution(request, call),
    costOf({ usage }, visit) {
      visit.token();
      return visit.answered(usage);
    },
  };
}

export function jsonRequest(path: string, body: Readonly<Record<string, unknown>>): Request<JsonReply> {
  return {
    kind: 'json',
    affinity: undefined,
    tokens: UNKNOWN_TOKENS,
    identity: () => digest([path, JSON.stringify(body)]),
    ask: (replica, call) => replica.post(path, body, call),
    costOf: ({ usage }, visit) => visit.answered(usage),
  };
}

/** The parts of a generation that do not depend on how its stream is followed. */
export function generationTraits({ kind, body, affinity }: GenerationRequest): {
  readonly kind: 'generation';
  readonly affinity: string | undefined;
  readonly tokens: number;
  identity(): string;
} {
  return {
    kind: 'generation',
    affinity,
    tokens: outputTokensOf(body) + tokensIn(charactersOf(body['messages'] ?? body['prompt'])),
    identity: () => digest([kind, JSON.stringify(body['messages'] ?? body['prompt'] ?? null)]),
  };
}

const UNKNOWN_TOKENS = 256;

/** Lengths are hashed too, so that texts cannot be shifted into one another. */
function digest(texts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(`${text.length}:`).update(text);
  return hash.digest('base64url');
}
