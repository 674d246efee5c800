import type { LogprobRoute } from '../../domain/distribution.ts';
import type { ReplyTensors } from './reply-tensors.ts';
import type { Sampling, SamplingField } from './sampling.ts';
import type { ModelSignature, RequiredTensors } from './signature.ts';
import type { TensorValue } from './tensor.ts';

/**
 * What differs between the four kinds of models that Triton serves language models as. A new kind is a file
 * in `backends/` and a line in `backends.ts`; nothing else asks for a kind by name.
 */
export interface Backend {
  readonly required: RequiredTensors;
  /** The sampling fields that a model with this signature can do. */
  samplingFields(signature: ModelSignature): ReadonlySet<SamplingField>;
  /** Inputs, beside the prompt, and outputs of a request for a text. */
  textRequest(sampling: Sampling, signature: ModelSignature): RequestParts;
  readPiece(reply: ReplyTensors): AnswerPiece;
  /** The token count of each reply is that of the whole answer so far. */
  readonly countsWholeAnswer: boolean;
  /** The model says by itself why an answer ended. */
  tellsFinishReason(signature: ModelSignature): boolean;
  /** Routes for label probabilities, the better one first; none when the model gives no probabilities. */
  labelRoutes(signature: ModelSignature, knowsTokens: boolean): readonly LogprobRoute[];
}

export interface RequestParts {
  readonly values: Readonly<Record<string, TensorValue | undefined>>;
  readonly outputs: readonly string[];
}

/** One reply of a text: null where it does not say. */
export interface AnswerPiece {
  /** New text, or the whole text so far with `ModelSignature.accumulates`; null when it is no text. */
  readonly text: string | null;
  readonly finishReason: string | null;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  /** vllm_backend's log-probabilities as it wrote them. */
  readonly logprobs: string | null;
}
