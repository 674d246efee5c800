import type { EarlierRun } from '../contracts/plan.ts';
import { type Rates, USUAL_TOKENS_PER_CHARACTER } from './run-plan.ts';

/** Rows that tell enough about tokens. */
const ENOUGH_ROWS = 30;
/** How far the mean tokens per character of another sample of the same file may lie off. */
const SPREAD = 0.05;

/** Tokens per character, cached tokens and pace as an earlier run had them, as far as it did. */
export class MeasuredRates {
  readonly #earlier: EarlierRun | null;
  #rows = 0;
  #characters = 0;
  #tokens = 0;
  #cached = 0;

  constructor(earlier: EarlierRun | null) {
    this.#earlier = earlier;
  }

  /** Takes what the row took then, if it was judged; `sizes` are the characters of its prompts by tier. */
  add(digest: string, sizes: ReadonlyMap<string, number>): void {
    const row = this.#earlier?.measured.get(digest);
    if (row === undefined) return;
    this.#rows += 1;
    this.#tokens += row.inputTokens;
    this.#cached += row.cachedInputTokens;
    for (const [tier, calls] of Object.entries(row.calls)) this.#characters += calls * (sizes.get(tier) ?? 0);
  }

  rates(tokensPerSecond: number): Rates {
    const secondsPerToken = this.#earlier?.secondsPerToken ?? 1 / tokensPerSecond;
    if (!this.#isEnough()) {
      return { secondsPerToken, tokensPerCharacter: USUAL_TOKENS_PER_CHARACTER, cachedShare: null };
    }
    const ratio = this.#tokens / this.#characters;
    const tokensPerCharacter = { low: ratio * (1 - SPREAD), expected: ratio, high: ratio * (1 + SPREAD) };
    return { secondsPerToken, tokensPerCharacter, cachedShare: this.#cached / this.#tokens };
  }

  notes(tokensPerSecond: number): string[] {
    const source = this.#earlier?.source ?? '';
    return [
      this.#isEnough()
        ? `Tokens are those of ${this.#rows} of these rows in ${source}, give or take 5 %; prefix caches help as then.`
        : 'Tokens are estimated from characters: 4 to a token, 3 and 5 at the ends.',
      (this.#earlier?.secondsPerToken ?? null) === null
        ? `Time assumes ${tokensPerSecond} uncached tokens per second of each replica (--tokens-per-second), and engines that do nothing else.`
        : `Time is that of ${source}, per uncached token.`,
    ];
  }

  #isEnough(): boolean {
    return this.#rows >= ENOUGH_ROWS && this.#tokens > 0 && this.#characters > 0;
  }
}
