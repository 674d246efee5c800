import { createHash } from 'node:crypto';
import type {
  DistributionReply,
  DistributionRequest,
  GenerationRequest,
  JsonReply,
} from '../contracts/engine.ts';
import type { Request } from './attempt.ts';

/** What callers ask for, as requests that can be attempted: what to ask, how large it is, whose item it is. */

export function distributionRequest(request: DistributionRequest): Request<DistributionReply> {
  return {
    kind: 'label',
    affinity: request.affinity,
    tokens: tokensOf(request.messages),
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
    tokens: generationTokens(body),
    identity: () => digest([kind, JSON.stringify(body['messages'] ?? body['prompt'] ?? null)]),
  };
}

const CHARACTERS_PER_TOKEN = 4;
const UNKNOWN_TOKENS = 256;

/** A guess that is good enough to compare loads: four characters a token. */
function tokensOf(messages: readonly { readonly content: string }[]): number {
  let characters = 0;
  for (const { content } of messages) characters += content.length;
  return 1 + Math.ceil(characters / CHARACTERS_PER_TOKEN);
}

function generationTokens(body: Readonly<Record<string, unknown>>): number {
  const limit = body['max_completion_tokens'] ?? body['max_tokens'];
  const output = typeof limit === 'number' ? limit : UNKNOWN_TOKENS;
  return output + Math.ceil(charactersOf(body['messages'] ?? body['prompt']) / CHARACTERS_PER_TOKEN);
}

/** Characters of all texts in a prompt, however it is nested; depth is bounded by the wire's checks. */
function charactersOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 0;
  let characters = 0;
  for (const part of Object.values(value)) characters += charactersOf(part);
  return characters;
}

/** Lengths are hashed too, so that texts cannot be shifted into one another. */
function digest(texts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(`${text.length}:`).update(text);
  return hash.digest('base64url');
}
