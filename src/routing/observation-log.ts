import type { CalibrationItem } from '../contracts/certificate.ts';
import type { Observation } from '../contracts/evidence.ts';

/** Answers of other judges in a row after which they have changed, and are not only two builds side by side. */
const CHANGED_AFTER = 20;

/** The newest observations of a lane, all by the same judges: numbers of two builds are never mixed. */
export class ObservationLog {
  /** More would change little and never stop growing; the oldest go first. */
  static readonly LARGEST = 4_096;
  #own: Observation[] = [];
  /** Number of the oldest that is left; they are counted from 0 in the order in which they came. */
  #oldest = 0;
  #foreign: Observation[] = [];

  get size(): number {
    return this.#own.length;
  }

  latest(): Observation | undefined {
    return this.#own.at(-1);
  }

  /** Those observed until an instant (milliseconds since 1970). */
  itemsUntil(instant: number): readonly CalibrationItem[] {
    return this.#own.filter(({ at }) => at <= instant).map(({ item }) => item);
  }

  items(): readonly CalibrationItem[] {
    return this.#own.map(({ item }) => item);
  }

  /** At most `limit` of those with a number above `after`, and the number of the last of them. */
  page(
    after: number,
    limit: number,
  ): { readonly observations: readonly Observation[]; readonly last: number } {
    const start = Math.max(0, after + 1 - this.#oldest);
    const observations = this.#own.slice(start, start + limit);
    return { observations, last: this.#oldest + start + observations.length - 1 };
  }

  /** `foreign`: by other judges, kept aside; `changed`: they have taken over, and only what they said is left. */
  add(observation: Observation): 'taken' | 'foreign' | 'changed' {
    const judges = judgesOf(observation);
    const known = this.#own[0];
    if (known === undefined || judgesOf(known) === judges) {
      this.#foreign = [];
      this.#own.push(observation);
      if (this.#own.length > ObservationLog.LARGEST) {
        this.#own.shift();
        this.#oldest += 1;
      }
      return 'taken';
    }
    const [first] = this.#foreign;
    if (first !== undefined && judgesOf(first) !== judges) this.#foreign = [];
    this.#foreign.push(observation);
    if (this.#foreign.length < CHANGED_AFTER) return 'foreign';
    this.#oldest += this.#own.length;
    this.#own = this.#foreign;
    this.#foreign = [];
    return 'changed';
  }
}

function judgesOf({ stages, reference }: Observation): string {
  return [...stages.map(({ judge }) => judge.id), reference.id].join(' ');
}
