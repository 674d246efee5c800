import { z } from 'zod';
import type { Message } from '../../domain/item.ts';
import {
  idColumn,
  isBlankText,
  type JsonRow,
  otherColumns,
  type Prompt,
  type ReadRow,
  refuse,
  refuseFor,
  rubricColumn,
  textOrMessages,
} from './item.ts';

const schema = z.object({
  id: idColumn,
  prompt: textOrMessages.nullish(),
  chosen: textOrMessages,
  rejected: textOrMessages,
  rubric: rubricColumn,
});

/**
 * Reads TRL's preference rows, `{prompt?, chosen, rejected}` with texts or message lists
 * (https://huggingface.co/docs/trl/dataset_formats#preference). Without a prompt, it is what both
 * message lists begin with. Candidate a is the chosen answer.
 */
export function readTrlRow(row: JsonRow): ReadRow {
  const read = schema.safeParse(row);
  if (!read.success) return refuseFor(read.error);
  const { id, chosen, rejected, rubric } = read.data;
  const split = splitAnswers(read.data.prompt ?? null, chosen, rejected);
  if (!split.ok) return refuse(split.message);
  const { prompt, candidates } = split;
  if (typeof prompt === 'string' && isBlankText(prompt)) return refuse('prompt: is empty', 'prompt');
  const blank = candidates.findIndex(isBlankText);
  if (blank !== -1) return refuse(`the ${blank === 0 ? 'chosen' : 'rejected'} answer is empty`);
  const metadata = otherColumns(row, ['id', 'prompt', 'chosen', 'rejected', 'rubric']);
  return { ok: true, item: { id: id ?? null, prompt, candidates, rubric: rubric ?? null, metadata } };
}

type Split =
  | { readonly ok: true; readonly prompt: Prompt; readonly candidates: readonly [string, string] }
  | { readonly ok: false; readonly message: string };

function splitAnswers(prompt: Prompt | null, chosen: Prompt, rejected: Prompt): Split {
  if (typeof chosen === 'string' && typeof rejected === 'string') {
    if (prompt === null) return { ok: false, message: 'there is no prompt' };
    return { ok: true, prompt, candidates: [chosen, rejected] };
  }
  if (typeof chosen === 'string' || typeof rejected === 'string') {
    return { ok: false, message: 'one answer is text and the other a list of messages' };
  }
  const shared = sharedStart(chosen, rejected);
  const a = soleAnswer(chosen, shared.length);
  const b = soleAnswer(rejected, shared.length);
  if (a === null || b === null) return { ok: false, message: longAnswer(chosen, rejected, shared.length) };
  const whole = joinPrompt(prompt, shared);
  if (whole === null) return { ok: false, message: noPrompt(prompt) };
  return { ok: true, prompt: whole, candidates: [a, b] };
}

function noPrompt(prompt: Prompt | null): string {
  return prompt === null ? 'there is no prompt' : 'the answers repeat another prompt than the one given';
}

/** Messages that both lists begin with; the last message of each list is always part of the answer. */
function sharedStart(chosen: readonly Message[], rejected: readonly Message[]): readonly Message[] {
  const most = Math.min(chosen.length, rejected.length) - 1;
  let length = 0;
  while (length < most && isSame(chosen[length], rejected[length])) length += 1;
  return chosen.slice(0, length);
}

function isSame(one: Message | undefined, other: Message | undefined): boolean {
  return one?.role === other?.role && one?.content === other?.content;
}

/** What follows the shared start when it is one message. */
function soleAnswer(messages: readonly Message[], start: number): string | null {
  return messages.length === start + 1 ? (messages[start]?.content ?? null) : null;
}

function longAnswer(chosen: readonly Message[], rejected: readonly Message[], start: number): string {
  const lengths = `${chosen.length - start} and ${rejected.length - start}`;
  return `the answers must differ in one message each; they have ${lengths} after what they share`;
}

/** The prompt given, what the answers share, or both when one repeats the other. Null when they contradict. */
function joinPrompt(prompt: Prompt | null, shared: readonly Message[]): Prompt | null {
  if (shared.length === 0) return prompt;
  if (prompt === null) return shared;
  if (typeof prompt === 'string') return shared.some(({ content }) => content === prompt) ? shared : null;
  return prompt.every((message, index) => isSame(message, shared[index])) ? shared : null;
}
