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
  const prompt = new PromptBuilder(true);
  for (const [index, message] of messages.entries()) {
    if (!ROLES.has(message.role)) throw badRequest(`unknown role: ${message.role}`);
    prompt.add(`<|im_start|>${message.role}\n`);
    prompt.add(textOfContent(message));
    const isOpen = options.continueFinalMessage && index === messages.length - 1;
    if (!isOpen) prompt.add('<|im_end|>\n');
  }
  if (options.addGenerationPrompt) prompt.add('<|im_start|>assistant\n');
  return prompt;
}

/** A plain prompt. */
export function renderText(text: string, addSpecialTokens: boolean): RenderedPrompt {
  const prompt = new PromptBuilder(addSpecialTokens);
  prompt.add(text);
  return prompt;
}

/**
 * Tokenises part by part, which spares the joining of long texts. The result is that of the whole text,
 * since no token reaches over the line ends and special tokens between the parts.
 */
class PromptBuilder implements RenderedPrompt {
  readonly tokens: number[];
  text = '';

  constructor(addSpecialTokens: boolean) {
    this.tokens = addSpecialTokens ? [BEGIN_OF_TEXT] : [];
  }

  add(part: string): void {
    if (!part.isWellFormed()) {
      throw badRequest(
        'TextEncodeInput must be Union[TextInputSequence, Tuple[InputSequence, InputSequence]]',
      );
    }
    tokenizeInto(this.tokens, part);
    this.text += part;
  }
}

export function textOfContent({ content }: ChatMessage): string {
  if (typeof content === 'string') return content;
  return (content ?? []).map((part) => part.text ?? '').join('\n');
}
