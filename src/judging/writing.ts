import type { Call } from '../contracts/call.ts';
import type { CallReport } from '../contracts/engine.ts';
import { NO_COST } from '../domain/cost.ts';
import type { Problem } from '../domain/errors.ts';
import type { Message, Order } from '../domain/item.ts';
import type { TrailEntry } from '../domain/verdict.ts';
import { problemOf } from './label-mass.ts';
import { type Asker, trailEntryOf } from './trail-entry.ts';
import { gatherText, type WrittenText } from './written-text.ts';

/** What is to be written, and how the trail names it. */
export interface Assignment {
  readonly messages: readonly Message[];
  readonly tier: string;
  readonly part: string;
  /** Order in which a pair is shown; absent where none is. */
  readonly order?: Order;
  /** Longest text in tokens, thoughts included. */
  readonly maxTokens: number;
  /** 0 takes the likeliest token each time. */
  readonly temperature: number;
  /** Further fields of the request; engines that do not know one are not sent it. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** Sees every chunk of the answer. */
  readonly onChunk?: (chunk: Readonly<Record<string, unknown>>) => void;
}

export type Written =
  | { readonly ok: true; readonly value: WrittenText; readonly entry: TrailEntry }
  | { readonly ok: false; readonly problem: Problem; readonly entry: TrailEntry };

/** One generation, with its place in the trail. */
export async function write(asker: Asker, assignment: Assignment, call: Call): Promise<Written> {
  const { engine } = asker;
  const { messages, tier, part, order = null, maxTokens, temperature, fields, onChunk } = assignment;
  const body = { ...fields, model: engine.model, messages, max_tokens: maxTokens, temperature };
  const entryOf = (report: CallReport, problem: Problem | null, fingerprint: string | null): TrailEntry =>
    trailEntryOf(asker, { tier, order, part, report, reply: null, fingerprint, problem });
  const opened = await engine.generate({ kind: 'chat', body }, call);
  if (!opened.ok) {
    const problem = problemOf(opened.failure);
    return { ok: false, problem, entry: entryOf(NEVER_BEGUN, problem, null) };
  }
  const written = await gatherText(opened.value.events, onChunk);
  const report = opened.value.report();
  if (!written.ok) {
    const { problem, fingerprint } = written;
    return { ok: false, problem, entry: entryOf(report, problem, fingerprint) };
  }
  return { ok: true, value: written.value, entry: entryOf(report, null, written.value.fingerprint) };
}

/** No engine took it: what was tried is counted where engines are. */
const NEVER_BEGUN: CallReport = { replica: null, pick: null, attempts: 0, cost: NO_COST, ms: 0, queuedMs: 0 };
