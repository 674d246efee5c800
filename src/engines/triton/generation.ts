import type { Call } from '../../contracts/call.ts';
import type { EngineFailure, EngineResult, GenerationEvent } from '../../contracts/engine.ts';
import { EventBuffer, type EventSource } from '../openai/event-buffer.ts';
import { ChoiceReader, type TextQuestion } from './choice-reader.ts';
import type { ChunkWriter } from './chunk-writer.ts';
import { type RunningInference, startInference } from './inference.ts';
import type { Kserve } from './kserve.ts';
import { fillRequest, type RequestForm } from './request-form.ts';

type Generation = EngineResult<AsyncIterable<GenerationEvent>>;

/** A generation ready to be sent: one request for each choice, as no backend streams several well. */
export interface GenerationPlan {
  readonly id: string;
  readonly prompt: string;
  readonly question: TextQuestion;
  /** The request of each choice; they differ in their seeds. */
  readonly forms: readonly RequestForm[];
  readonly timeoutMs: number;
}

/**
 * Starts a generation. Triton gives no sign that it took a request before the first token, so this resolves
 * with the first reply of any choice. All streams are cancelled when the signal aborts, when the consumer
 * stops early, and when one of them fails.
 */
export function startGeneration(
  kserve: Kserve,
  plan: GenerationPlan,
  writer: ChunkWriter,
  call: Call,
): Promise<Generation> {
  return new Promise((resolve) => {
    const stream = new GenerationStream(plan, writer, resolve);
    stream.start(kserve, call);
  });
}

class GenerationStream implements EventSource {
  readonly #plan: GenerationPlan;
  readonly #writer: ChunkWriter;
  readonly #resolve: (generation: Generation) => void;
  readonly #buffer = new EventBuffer(this);
  readonly #choices: readonly ChoiceReader[];
  readonly #running: RunningInference[] = [];
  #accepted = false;
  #failed = false;
  #open: number;

  constructor(plan: GenerationPlan, writer: ChunkWriter, resolve: (generation: Generation) => void) {
    this.#plan = plan;
    this.#writer = writer;
    this.#resolve = resolve;
    this.#open = plan.forms.length;
    this.#choices = plan.forms.map((_, index) => new ChoiceReader(index, plan.question, writer));
  }

  start(kserve: Kserve, call: Call): void {
    const { id, prompt, forms, timeoutMs } = this.#plan;
    for (const [index, form] of forms.entries()) {
      const choice = this.#choices[index];
      if (choice === undefined || this.#failed) return;
      const request = fillRequest(form, [prompt], forms.length === 1 ? id : `${id}-${index}`, timeoutMs);
      const running = startInference(kserve, request, call, {
        onReply: (reply) => this.#push(choice.read(reply)),
        onEnd: () => this.#end(choice),
        onFailure: (failure) => this.#fail(failure),
      });
      this.#running.push(running);
    }
  }

  pause(): void {
    for (const running of this.#running) running.pause();
  }

  resume(): void {
    for (const running of this.#running) running.resume();
  }

  abandon(): void {
    for (const running of this.#running) running.abandon();
  }

  #push(events: readonly GenerationEvent[]): void {
    for (const event of events) {
      if (event.type === 'failure') {
        this.#fail(event.failure);
        return;
      }
      this.#accept();
      this.#buffer.push(event);
    }
  }

  #end(choice: ChoiceReader): void {
    this.#push(choice.end());
    this.#open -= 1;
    if (this.#open > 0 || this.#failed) return;
    const usage = {
      inputTokens: Math.max(...this.#choices.map(({ inputTokens }) => inputTokens)),
      cachedInputTokens: 0,
      outputTokens: this.#choices.reduce((sum, { outputTokens }) => sum + outputTokens, 0),
    };
    this.#push([this.#writer.usage(usage), { type: 'end', usage }]);
  }

  #accept(): void {
    if (this.#accepted) return;
    this.#accepted = true;
    this.#resolve({ ok: true, value: this.#buffer });
  }

  #fail(failure: EngineFailure): void {
    if (this.#failed) return;
    this.#failed = true;
    if (this.#accepted) this.#buffer.push({ type: 'failure', failure });
    else this.#resolve({ ok: false, failure });
    this.abandon();
  }
}
