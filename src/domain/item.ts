/** One turn of a conversation, as chat templates know it. Role names are not restricted: judges invent some. */
export interface Message {
  readonly role: string;
  readonly content: string;
}

/**
 * What is to be judged: a prompt with one or more candidate responses.
 * For a preference `candidates[0]` is `a` and `candidates[1]` is `b`, whatever order a judge sees them in.
 */
export interface Item {
  /** Unique within its request; made up from the position when the caller gave none. */
  readonly id: string;
  readonly prompt: string | readonly Message[];
  readonly candidates: readonly string[];
  /** Text of the rubric that the judge is to follow; undefined for the general one of the template. */
  readonly rubric: Rubric | undefined;
  /** The caller's own data: returned with the verdict, never shown to a judge. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** A scoring guide, named `name@version`. */
export interface Rubric {
  readonly id: string;
  readonly text: string;
}

/** The two candidates by identity. */
export type Side = 'a' | 'b';
/** The order in which they were shown: `ab` shows `a` first. */
export type Order = 'ab' | 'ba';
