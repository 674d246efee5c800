/** A seeded source of numbers: the same seed gives the same run on every machine. Not for secrets. */
export interface SeededRandom {
  /** Uniform in [0, 1), 32 bits of resolution. */
  uniform(): number;
  /** An integer in [0, below); `below` in 1..2^32. */
  integer(below: number): number;
  /** Standard normal, mean 0 and variance 1. */
  normal(): number;
}

/**
 * Small fast counting generator (sfc32, Chris Doty-Humphrey, PractRand): 128 bits of state, period at least 2^32.
 *
 * @param seed - Any integer; its lower 32 bits count.
 */
export function createSeededRandom(seed: number): SeededRandom {
  const next = sfc32(seed);
  const uniform = (): number => next() / 4_294_967_296;
  let spare: number | undefined;
  return {
    uniform,
    integer: (below) => Math.floor(uniform() * below),
    normal: () => {
      if (spare !== undefined) {
        const kept = spare;
        spare = undefined;
        return kept;
      }
      // Box and Muller 1958; 1 - u is in (0, 1], so that the logarithm stays finite.
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
      const angle = 2 * Math.PI * uniform();
      spare = radius * Math.sin(angle);
      return radius * Math.cos(angle);
    },
  };
}

/** A copy of `values` in random order (Fisher and Yates). */
export function shuffle<T>(values: readonly T[], random: SeededRandom): T[] {
  const copy = [...values];
  for (let last = copy.length - 1; last > 0; last -= 1) {
    const chosen = random.integer(last + 1);
    // Both places are inside the array, so neither read can miss.
    const kept = copy[last] as T;
    copy[last] = copy[chosen] as T;
    copy[chosen] = kept;
  }
  return copy;
}

/** `count` draws with replacement; `values` must not be empty when `count` is above 0. */
export function sampleWithReplacement<T>(values: readonly T[], count: number, random: SeededRandom): T[] {
  if (values.length === 0 && count > 0) throw new RangeError('there is nothing to draw from');
  // `integer` stays below the length, so the read cannot miss.
  return Array.from({ length: count }, () => values[random.integer(values.length)] as T);
}

/** The first twelve numbers are thrown away: they still resemble the seed. */
function sfc32(seed: number): () => number {
  let a = 0;
  let b = seed | 0;
  let c = 0;
  let counter = 1;
  const next = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return sum >>> 0;
  };
  for (let round = 0; round < 12; round += 1) next();
  return next;
}
