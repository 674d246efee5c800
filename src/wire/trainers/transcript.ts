import type { Message } from '../../domain/item.ts';
import { type Checked, invalid } from '../problems.ts';

/**
 * Trainers that send one text for prompt and response send it as the chat template wrote it. Where the last
 * turn begins is found by the marks of the usual templates, never guessed: a judge who takes a part of the
 * prompt for the response would give a reward for another text.
 */
export interface Transcript {
  readonly prompt: string | readonly Message[];
  readonly response: string;
}

interface Template {
  /** The opening of a turn; its first group is the role. */
  readonly opening: RegExp;
  /** What ends a turn. */
  readonly closing: string;
}

const TEMPLATES: readonly Template[] = [
  { opening: /<\|im_start\|>([\w-]+)\r?\n/g, closing: '<|im_end|>' },
  { opening: /<\|start_header_id\|>([\w-]+)<\|end_header_id\|>\r?\n\r?\n/g, closing: '<|eot_id|>' },
  { opening: /<start_of_turn>(user|model)\r?\n/g, closing: '<end_of_turn>' },
  { opening: /<\|(system|user|assistant)\|>\r?\n?/g, closing: '<|end|>' },
  { opening: /\n\n(Human|Assistant): ?/g, closing: '\n\nHuman:' },
];

const RESPONDERS = new Set(['assistant', 'model', 'Assistant']);
const ROLES: Readonly<Record<string, string>> = { model: 'assistant', Assistant: 'assistant', Human: 'user' };

/** `after` is the caller's own mark: the response begins behind its last occurrence. */
export function readTranscript(text: string, place: string, after: string | undefined): Checked<Transcript> {
  if (after !== undefined) return splitAfter(text, place, after);
  for (const template of TEMPLATES) {
    const turns = turnsOf(text, template);
    const last = turns.pop();
    if (last === undefined || turns.length === 0) continue;
    if (!RESPONDERS.has(last.role)) continue;
    return { ok: true, value: { prompt: turns.map(renamed), response: withoutEnd(last.content) } };
  }
  const llama = text.lastIndexOf('[/INST]');
  if (llama !== -1) return { ok: true, value: split(text, llama, '[/INST]'.length) };
  return {
    ok: false,
    problems: [
      invalid(
        place,
        'does not tell its prompt from its response: it has no turns of a known chat template (ChatML, Llama 2, Llama 3, Gemma, Phi, Human/Assistant); name what stands before the response in the URL, as ?after=TEXT',
      ),
    ],
  };
}

/** The text without the special tokens at its end, which no judge should read as part of a response. */
export function withoutEnd(text: string): string {
  let end = text.trimEnd();
  for (;;) {
    const shorter = end.replace(END_TOKEN, '').trimEnd();
    if (shorter === end) return end;
    end = shorter;
  }
}

const END_TOKEN =
  /(?:<\|[a-z_]{2,24}\|>|<\/s>|<eos>|<pad>|<unk>|<end_of_turn>|<｜end▁of▁sentence｜>|\[PAD\])$/;

function splitAfter(text: string, place: string, mark: string): Checked<Transcript> {
  const at = text.lastIndexOf(mark);
  if (at === -1) return { ok: false, problems: [invalid(place, 'does not hold the text of ?after=')] };
  return { ok: true, value: split(text, at, mark.length) };
}

function split(text: string, at: number, length: number): Transcript {
  return { prompt: text.slice(0, at), response: withoutEnd(text.slice(at + length)).trimStart() };
}

/** The turns in order; texts before the first one are the template's own. */
function turnsOf(text: string, { opening, closing }: Template): Message[] {
  const starts = [...text.matchAll(opening)];
  return starts.map((start, index) => {
    const from = start.index + start[0].length;
    const next = starts[index + 1]?.index ?? text.length;
    const end = text.indexOf(closing, from);
    const isLast = index === starts.length - 1;
    // The last turn may hold the mark in its own words: only what stands at its end is taken off.
    const to = isLast || end === -1 || end > next ? next : end;
    return { role: start[1] ?? '', content: text.slice(from, to) };
  });
}

function renamed({ role, content }: Message): Message {
  return { role: ROLES[role] ?? role, content };
}
