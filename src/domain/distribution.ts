/** How the probabilities of label tokens were read from an engine. Two routes are never mixed in one certificate. */
export type LogprobRoute = 'label_ids' | 'top_logprobs' | 'generation_logits' | 'forced';

/**
 * Probability of one label: the sum over the token variants that spell it (`A`, ` A`).
 * `atMost` is above `probability` when a variant was missing from the engine's top list:
 * then the truth lies in [probability, atMost]. A missing label is a bound, not zero.
 */
export interface LabelProbability {
  readonly probability: number;
  readonly atMost: number;
}

/** Next-token distribution over the labels of one question, as one judge gave it in one order. */
export interface LabelDistribution<Name extends string = string> {
  readonly labels: Readonly<Record<Name, LabelProbability>>;
  /** Total probability on the labels in [0, 1]; what is missing from 1 went to other tokens. */
  readonly mass: number;
  readonly route: LogprobRoute;
}

/** The labels of a preference question in the order shown. */
export type ShownLabel = 'first' | 'second' | 'tie';

/** P(a), P(b), P(tie) of a preference; sums to 1. */
export interface PreferenceProbabilities {
  readonly a: number;
  readonly b: number;
  readonly tie: number;
}
