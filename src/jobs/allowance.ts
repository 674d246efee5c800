/**
 * What a job may still spend. What an item will cost is known when it was judged; until then it counts as
 * much as the dearest one so far, and the first one goes alone. So the budget is passed, if at all, only by
 * what the items under way cost above the dearest before them.
 */
export class Allowance {
  readonly #budget: number;
  #spent: number;
  #dearest: number | null = null;
  #underWay = 0;

  /** Nano-dollars; `budget` null is no bound. */
  constructor(budget: number | null, spent: number) {
    this.#budget = budget ?? Infinity;
    this.#spent = spent;
  }

  /** `wait`: the money may suffice once an item under way has ended. `spent`: it does not. */
  ask(): 'go' | 'wait' | 'spent' {
    if (this.#budget === Infinity) return 'go';
    if (this.#dearest === null && this.#underWay > 0) return 'wait';
    const wanted = this.#spent + (this.#dearest ?? 0) * (this.#underWay + 1);
    if (wanted <= this.#budget && this.#spent < this.#budget) return 'go';
    return this.#underWay > 0 ? 'wait' : 'spent';
  }

  began(): void {
    this.#underWay += 1;
  }

  ended(nanoUsd: number): void {
    this.#underWay -= 1;
    this.#spent += nanoUsd;
    this.#dearest = Math.max(this.#dearest ?? 0, nanoUsd);
  }
}
