import { badRequest } from './api-error.ts';
import { tokenizeInto } from './tokenizer.ts';
import { BEGIN_OF_TEXT } from './vocabulary.ts';

export interface ChatMessage {
  readonly role: string;
  readonly content?:
    | string
    | readonly { readonly type: string; readonly text?: string | undefined }[]
    | null
    | undefined;
}

/** A prompt as the model sees it, and as text. */
export interface RenderedPrompt {
  readonly tokens: readonly number[];
  /** Without the special tokens that stand for the beginning. */
  readonly text: string;
}

export interface TemplateOptions {
  /** Opens the assistant's turn at the end. */
  readonly addGenerationPrompt: boolean;
  /** Leaves the last turn open. */
  readonly continueFinalMessage: boolean;
}

const ROLES = new Set(['system', 'developer', 'user', 'assistant', 'tool', 'function']);

/** The chat template (ChatML): each turn in `<|im_start|>role … <|im_end|>`, after one beginning of text. */
export function renderChat(messages: readonly ChatMessage[], options: TemplateOptions): RenderedPrompt {
  let text = '';
  for (const [index, message] of messages.entries()) {
    if (!ROLES.has(message.role)) throw badRequest(`unknown role: ${message.role}`);
    const isOpen = options.continueFinalMessage && index === messages.length - 1;
    text += `<|im_start|>${message.role}\n${textOfContent(message)}${isOpen ? '' : '<|im_end|>\n'}`;
  }
  if (options.addGenerationPrompt) text += '<|im_start|>assistant\n';
  return renderText(text, true);
}

/** A plain prompt. */
export function renderText(text: string, addSpecialTokens: boolean): RenderedPrompt {
  if (!text.isWellFormed()) {
    throw badRequest('TextEncodeInput must be Union[TextInputSequence, Tuple[InputSequence, InputSequence]]');
  }
  const tokens = addSpecialTokens ? [BEGIN_OF_TEXT] : [];
  tokenizeInto(tokens, text);
  return { tokens, text };
}

export function textOfContent({ content }: ChatMessage): string {
  if (typeof content === 'string') return content;
  return (content ?? []).map((part) => part.text ?? '').join('\n');
}
