import type { DistributionReply, LabelBatches } from '../../contracts/engine.ts';
import type { Message } from '../../domain/item.ts';
import { failed, NOT_WARM } from '../replica-failures.ts';
import type { LabelAnswer, LabelQuestion } from './label-question.ts';

/** More at once would keep every question waiting for the last of them. */
const MOST_ROWS = 128;

/**
 * Rows of one request: no more than the model takes, and so few that their answers, of `bytes` each, fill no more
 * than half of a message. 0 where that is not even two.
 */
export function mostRows(maxBatch: number, messageBytes: number, bytes: number): number {
  const rows = Math.min(maxBatch, MOST_ROWS, Math.floor(messageBytes / (2 * Math.max(1, bytes))));
  return rows < 2 ? 0 : rows;
}

export interface BatchParts {
  readonly maximum: number;
  find(labels: string): LabelQuestion | undefined;
  render(messages: readonly Message[]): string;
  replyOf(answer: LabelAnswer): DistributionReply;
}

/** Questions as the rows of one request's tensors. */
export function createLabelBatches({ maximum, find, render, replyOf }: BatchParts): LabelBatches {
  return {
    maximum,
    // Triton tells of no question how many of its tokens were cached, however it is asked.
    tellsCachedTokens: true,
    keyOf: ({ labels }) => labels,
    async ask(requests, call) {
      const question = find(requests[0]?.labels ?? '');
      if (question?.askRows === undefined) return failed(NOT_WARM);
      const prompts = requests.map(({ messages }) => render(messages));
      const answers = await question.askRows(prompts, call);
      if (!answers.ok) return answers;
      const replies = answers.value.map((answer) =>
        answer.ok ? { ok: true as const, value: replyOf(answer.value) } : answer,
      );
      return { ok: true, value: replies };
    },
  };
}
