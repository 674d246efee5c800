/** Time. Everything that needs it takes this, so that tests can hold it in their hands. */
export interface Clock {
  /** Milliseconds since 1970, for showing to people. */
  now(): number;
  /** Milliseconds from an arbitrary start, never going back, for measuring and deadlines. */
  monotonic(): number;
  /** Calls `callback` once after `ms`; the function returned takes it back. Never keeps the process alive. */
  after(ms: number, callback: () => void): () => void;
}

/** Sources of randomness. */
export interface Random {
  /** An id such as `vrd_4n2v…`: unguessable, 26 characters after the prefix. */
  id(prefix: string): string;
  /** Uniform in [0, 1). */
  uniform(): number;
}
