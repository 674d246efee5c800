import type {
  FunctionCallItem,
  ItemStatus,
  MessageItem,
  OutputItem,
  ReasoningItem,
  TextPart,
} from './reply.ts';

/** As it is sent, without its sequence number. */
export type ResponseEvent = Readonly<Record<string, unknown>> & { readonly type: string };

/** A piece of a function call. */
export interface CallPiece {
  readonly index: number;
  readonly id: string | undefined;
  readonly name: string;
  readonly text: string;
}

/**
 * The output of a response while it grows; tells each change as an event. An item is closed when the next
 * one begins, as the items of a response follow one another.
 */
export class ResponseOutput {
  readonly items: OutputItem[] = [];
  readonly #id: string;
  readonly #tell: (event: ResponseEvent) => void;
  readonly #calls = new Map<number, FunctionCallItem>();
  #open: OutputItem | null = null;

  constructor(id: string, tell: (event: ResponseEvent) => void) {
    this.#id = id;
    this.#tell = tell;
  }

  addThought(text: string): void {
    const item = this.#open?.type === 'reasoning' ? this.#open : this.#begin(reasoningItem(this.#idOf('rs')));
    const [part] = item.content;
    if (part !== undefined) part.text += text;
    this.#tell({ type: 'response.reasoning_text.delta', ...this.#placeOf(item), delta: text });
  }

  addText(text: string, logprobs: readonly unknown[]): void {
    const item = this.#open?.type === 'message' ? this.#open : this.#beginMessage();
    const [part] = item.content;
    if (part !== undefined) {
      part.text += text;
      part.logprobs.push(...logprobs);
    }
    this.#tell({ type: 'response.output_text.delta', ...this.#placeOf(item), delta: text, logprobs });
  }

  addCall({ index, id, name, text }: CallPiece): void {
    const known = this.#calls.get(index);
    const item = known ?? this.#begin(callItem(this.#idOf('fc'), id ?? this.#idOf('call'), name));
    this.#calls.set(index, item);
    item.arguments += text;
    if (text === '') return;
    const place = { item_id: item.id, output_index: this.items.indexOf(item) };
    this.#tell({ type: 'response.function_call_arguments.delta', ...place, delta: text });
  }

  /** Closes what is open. */
  close(status: ItemStatus): void {
    if (this.#open === null) return;
    const item = this.#open;
    item.status = status;
    this.#open = null;
    for (const event of doneEvents(item, this.items.indexOf(item))) this.#tell(event);
  }

  #begin<T extends OutputItem>(item: T): T {
    this.close('completed');
    this.items.push(item);
    this.#open = item;
    const added = { output_index: this.items.length - 1, item: structuredClone(item) };
    this.#tell({ type: 'response.output_item.added', ...added });
    return item;
  }

  #beginMessage(): MessageItem {
    const item = this.#begin(messageItem(this.#idOf('msg')));
    const part: TextPart = { type: 'output_text', text: '', annotations: [], logprobs: [] };
    item.content.push(part);
    const added = { ...this.#placeOf(item), part: structuredClone(part) };
    this.#tell({ type: 'response.content_part.added', ...added });
    return item;
  }

  #idOf(prefix: string): string {
    return `${prefix}_${this.#id}_${this.items.length}`;
  }

  #placeOf(item: OutputItem) {
    return { item_id: item.id, output_index: this.items.indexOf(item), content_index: 0 };
  }
}

/** Builds a finished output again as that of the response `id`, and tells each item's events. */
export function retell(
  id: string,
  output: readonly OutputItem[],
  tell: (event: ResponseEvent) => void,
): readonly OutputItem[] {
  const again = new ResponseOutput(id, tell);
  for (const [index, item] of output.entries()) {
    if (item.type === 'reasoning') again.addThought(item.content[0]?.text ?? '');
    else if (item.type === 'message')
      again.addText(item.content[0]?.text ?? '', item.content[0]?.logprobs ?? []);
    else again.addCall({ index, id: item.call_id, name: item.name, text: item.arguments });
    again.close(item.status);
  }
  return again.items;
}

function doneEvents(item: OutputItem, index: number): ResponseEvent[] {
  const place = { item_id: item.id, output_index: index };
  const done = { type: 'response.output_item.done', output_index: index, item: structuredClone(item) };
  switch (item.type) {
    case 'message': {
      const [part] = item.content;
      const at = { ...place, content_index: 0 };
      const { text = '', logprobs = [] } = part ?? {};
      return [
        { type: 'response.output_text.done', ...at, text, logprobs },
        { type: 'response.content_part.done', ...at, part: structuredClone(part) },
        done,
      ];
    }
    case 'function_call': {
      const { name, arguments: text } = item;
      return [{ type: 'response.function_call_arguments.done', ...place, name, arguments: text }, done];
    }
    case 'reasoning': {
      const text = item.content[0]?.text ?? '';
      return [{ type: 'response.reasoning_text.done', ...place, content_index: 0, text }, done];
    }
  }
}

function reasoningItem(id: string): ReasoningItem {
  const content = [{ type: 'reasoning_text' as const, text: '' }];
  return { type: 'reasoning', id, summary: [], content, status: 'in_progress' };
}

function messageItem(id: string): MessageItem {
  return { type: 'message', id, role: 'assistant', content: [], status: 'in_progress' };
}

function callItem(id: string, callId: string, name: string): FunctionCallItem {
  return { type: 'function_call', id, call_id: callId, name, arguments: '', status: 'in_progress' };
}
