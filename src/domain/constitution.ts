/** A constitution: principles by which a model criticises and revises responses (Bai et al. 2022, arXiv 2212.08073). */
export interface Constitution {
  /** `name@version`. */
  readonly id: string;
  readonly principles: readonly Principle[];
  /** Worked examples, shown before the item. */
  readonly examples: readonly CritiqueExample[];
}

export interface Principle {
  /** Unique in its constitution. */
  readonly id: string;
  /** What the critique is asked for. */
  readonly critique: string;
  /** What the revision is asked for. */
  readonly revision: string;
}

export interface CritiqueExample {
  readonly prompt: string;
  readonly response: string;
  readonly critiqueRequest: string;
  readonly critique: string;
  readonly revisionRequest: string;
  readonly revision: string;
}
