import type { CalibrationItem } from '../contracts/certificate.ts';
import type { Observation } from '../contracts/evidence.ts';

/** Answers of other judges in a row after which they have changed, and are not only two builds side by side. */
const CHANGED_AFTER = 20;

/** The newest observations of a lane, all by the same judges: numbers of two builds are never mixed. */
export class ObservationLog {
  /** More would change little and never stop growing; the oldest go first. */
  static readonly LARGEST = 4_096;
  #own: Observation[] = [];
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

  /** `foreign`: by other judges, kept aside; `changed`: they have taken over, and only what they said is left. */
  add(observation: Observation): 'taken' | 'foreign' | 'changed' {
    const judges = judgesOf(observation);
    const known = this.#own[0];
    if (known === undefined || judgesOf(known) === judges) {
      this.#foreign = [];
      this.#own.push(observation);
      if (this.#own.length > ObservationLog.LARGEST) this.#own.shift();
      return 'taken';
    }
    const [first] = this.#foreign;
    if (first !== undefined && judgesOf(first) !== judges) this.#foreign = [];
    this.#foreign.push(observation);
    if (this.#foreign.length < CHANGED_AFTER) return 'foreign';
    this.#own = this.#foreign;
    this.#foreign = [];
    return 'changed';
  }
}

function judgesOf({ stages, reference }: Observation): string {
  return [...stages.map(({ judge }) => judge.id), reference.id].join(' ');
}
