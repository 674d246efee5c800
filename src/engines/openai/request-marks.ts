import { hash } from 'node:crypto';
import type { Call, CallClass } from '../../contracts/call.ts';
import type { GenerationRequest } from '../../contracts/engine.ts';
import type { Flavour } from './flavour.ts';
import type { JsonObject } from './json.ts';

/** What an engine is told of the caller beside the question. */
export interface MarkOptions {
  /** The engine's own queue is to know how urgent a call is. */
  readonly priority: boolean;
  /** Prefix caches of teams, and of rubrics within a team, are kept apart. */
  readonly isolate: boolean;
}

/**
 * The fields `priority` and `cache_salt` of a request. Both are the gateway's to set: a caller's own priority
 * would jump the queue of others, and a caller's own salt is mixed with its team, so that nobody can ask
 * with the salt of another team and learn from the time it takes what that team had asked before.
 */
export function marksOf(
  flavour: Flavour,
  { priority, isolate }: MarkOptions,
  call: Call,
  { kind, rubric, salt }: { kind: GenerationRequest['kind']; rubric?: string | undefined; salt?: unknown },
): JsonObject {
  const own = typeof salt === 'string' && salt !== '' ? salt : null;
  const isSalted = flavour.cacheSalt.has(kind) && (isolate || own !== null);
  return {
    ...(priority && flavour.priorityOf !== null
      ? { priority: flavour.priorityOf(call.class ?? 'interactive') }
      : {}),
    ...(isSalted ? { cache_salt: saltOf(call.team, rubric ?? null, own) } : {}),
  };
}

function saltOf(team: string, rubric: string | null, own: string | null): string {
  return hash('sha256', JSON.stringify([team, rubric, own]), 'base64url');
}

const RANKS: Readonly<Record<CallClass, number>> = { interactive: 0, trainer: 1, batch: 2, audit: 3 };

/** 0 for the most urgent class, 3 for the least. */
export function rankOf(callClass: CallClass): number {
  return RANKS[callClass];
}
