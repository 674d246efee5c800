import type { Message } from '../../domain/item.ts';

/**
 * Triton's models take a text, not messages, so the adapter writes the model's own chat format. The token
 * that begins a text (`<s>`, `<|begin_of_text|>`, `<bos>`) is left out everywhere: Triton's tokenizers add it.
 */
interface ChatTemplate {
  /** What is written for one message. */
  turn(role: string, content: string): string;
  /** What makes the model answer. */
  readonly answer: string;
  /** Where a mark of the format begins: a message that contains one must not be able to end its turn. */
  readonly marks: RegExp | null;
  /** The format knows no system turn; its text goes before the first user turn's. */
  readonly foldsSystem: boolean;
}

/**
 * The formats by name. Sources: `chatml` and the Qwen models' tokenizer_config.json; `llama3` Meta's
 * "Llama 3 prompt formats" (model card); `mistral` the V3 instruct format of mistral-common; `gemma`
 * Google's "Gemma formatting and system instructions". `plain` is the text of the messages alone, for
 * models that were never taught a format.
 */
const TEMPLATES = {
  chatml: {
    turn: (role, content) => `<|im_start|>${role}\n${content}<|im_end|>\n`,
    answer: '<|im_start|>assistant\n',
    marks: /<(?=\|[a-z_]+\|>)/gi,
    foldsSystem: false,
  },
  llama3: {
    turn: (role, content) => `<|start_header_id|>${role}<|end_header_id|>\n\n${content.trim()}<|eot_id|>`,
    answer: '<|start_header_id|>assistant<|end_header_id|>\n\n',
    marks: /<(?=\|[a-z_]+\|>)/gi,
    foldsSystem: false,
  },
  mistral: {
    turn: (role, content) => (role === 'assistant' ? ` ${content}</s>` : `[INST] ${content}[/INST]`),
    answer: '',
    marks: /\[(?=\/?[A-Z_]+\])|<(?=\/?s>)/g,
    foldsSystem: true,
  },
  gemma: {
    turn: (role, content) =>
      `<start_of_turn>${role === 'assistant' ? 'model' : role}\n${content.trim()}<end_of_turn>\n`,
    answer: '<start_of_turn>model\n',
    marks: /<(?=(?:start_of_turn|end_of_turn|bos|eos)>)/g,
    foldsSystem: true,
  },
  plain: {
    turn: (_, content) => `${content}\n\n`,
    answer: '',
    marks: null,
    foldsSystem: false,
  },
} as const satisfies Record<string, ChatTemplate>;

export type ChatTemplateName = keyof typeof TEMPLATES;

/** The conversation as one text that ends where the answer begins. */
export function renderChat(name: ChatTemplateName, messages: readonly Message[]): string {
  const template: ChatTemplate = TEMPLATES[name];
  const turns = template.foldsSystem ? foldSystem(messages) : messages;
  const texts = turns.map(({ role, content }) =>
    template.turn(disarm(template, role), disarm(template, content)),
  );
  return texts.join('') + template.answer;
}

/** Marks inside a text are broken by a space, so that the tokenizer takes them for text. */
function disarm({ marks }: ChatTemplate, text: string): string {
  return marks === null ? text : text.replaceAll(marks, '$& ');
}

function foldSystem(messages: readonly Message[]): readonly Message[] {
  const system = messages.filter(({ role }) => role === 'system').map(({ content }) => content);
  const rest = messages.filter(({ role }) => role !== 'system');
  const first = rest.findIndex(({ role }) => role === 'user');
  if (system.length === 0) return rest;
  const lead = system.join('\n\n');
  if (first === -1) return [{ role: 'user', content: lead }, ...rest];
  return rest.map((message, position) =>
    position === first ? { role: 'user', content: `${lead}\n\n${message.content}` } : message,
  );
}
