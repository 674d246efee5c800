import { z } from 'zod';
import type { Message } from '../../domain/item.ts';
import {
  idColumn,
  isBlankText,
  type JsonRow,
  otherColumns,
  type ReadRow,
  refuse,
  refuseFor,
} from './item.ts';

/** Where the answer to be judged begins. */
const ANSWER = '\n\nAssistant:';
const TURN = /\n\n(Human|Assistant):/;

const transcript = z.string({ error: 'must be a transcript as text' });
const schema = z.object({ id: idColumn, chosen: transcript, rejected: transcript });

/**
 * Reads rows of Anthropic's hh-rlhf: two whole transcripts of `\n\nHuman: …\n\nAssistant: …` turns that
 * should differ in the last answer only. The turns before it become the prompt; candidate a is the
 * chosen answer. Spaces around a turn belong to the format and are taken off.
 */
export function readHhRow(row: JsonRow): ReadRow {
  const read = schema.safeParse(row);
  if (!read.success) return refuseFor(read.error);
  const chosen = splitTranscript(read.data.chosen);
  const rejected = splitTranscript(read.data.rejected);
  if (chosen === null || rejected === null) {
    const name = chosen === null ? 'chosen' : 'rejected';
    return refuse(`${name}: is no transcript of "\\n\\nHuman:" and "\\n\\nAssistant:" turns`, name);
  }
  if (chosen.dialogue !== rejected.dialogue) return refuse('the two prompts differ');
  if (isBlankText(chosen.answer)) return refuse('the chosen answer is empty', 'chosen');
  if (isBlankText(rejected.answer)) return refuse('the rejected answer is empty', 'rejected');
  return {
    ok: true,
    item: {
      id: read.data.id ?? null,
      prompt: turnsOf(chosen.dialogue),
      candidates: [chosen.answer.trim(), rejected.answer.trim()],
      rubric: null,
      metadata: otherColumns(row, ['id', 'chosen', 'rejected']),
    },
  };
}

/** True for texts that look like such a transcript. */
export function isTranscript(text: string): boolean {
  return text.startsWith('\n\nHuman:') && text.includes(ANSWER);
}

function splitTranscript(text: string): { readonly dialogue: string; readonly answer: string } | null {
  if (!isTranscript(text)) return null;
  const at = text.lastIndexOf(ANSWER);
  return { dialogue: text.slice(0, at), answer: text.slice(at + ANSWER.length) };
}

function turnsOf(dialogue: string): Message[] {
  const [, ...parts] = dialogue.split(TURN);
  const turns: Message[] = [];
  for (let index = 0; index + 1 < parts.length; index += 2) {
    const role = parts[index] === 'Human' ? 'user' : 'assistant';
    turns.push({ role, content: (parts[index + 1] ?? '').trim() });
  }
  return turns;
}
