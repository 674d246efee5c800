/** The calls of one shard that are under way, so that all of them can be dropped at once. */
export class CallsUnderWay {
  readonly #cancels = new Set<() => void>();
  #isDropped = false;

  /** True once they were dropped: then no other is to be started. */
  get isDropped(): boolean {
    return this.#isDropped;
  }

  /** Runs `call`; `cancel` is called when it is dropped meanwhile. */
  async run<T>(cancel: () => void, call: () => Promise<T>): Promise<T> {
    this.#cancels.add(cancel);
    try {
      return await call();
    } finally {
      this.#cancels.delete(cancel);
    }
  }

  drop(): void {
    this.#isDropped = true;
    for (const cancel of this.#cancels) cancel();
  }
}
