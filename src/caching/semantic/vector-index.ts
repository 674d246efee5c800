/**
 * Vectors of entries in one block of memory, searched exactly in one pass. An entry has three parts of equal
 * length (prompt, first and second candidate), each of length 1; its similarity to a probe is the smallest of
 * the three cosines, so that no part may differ much.
 */
export interface Probe {
  readonly prompt: Float32Array;
  readonly first: Float32Array;
  readonly second: Float32Array;
  /** What must be equal, see guard.ts. */
  readonly guard: number;
}

export interface Nearest<T> {
  readonly entry: T;
  /** In [floor, 1]. */
  readonly similarity: number;
}

/** Rows that a new index has room for; it doubles. */
const FIRST_ROWS = 64;

export class VectorIndex<T> {
  readonly #dimensions: number;
  readonly #mostRows: number;
  #vectors: Float32Array;
  #guards: Float64Array;
  readonly #entries: T[] = [];
  /** The row that is written next once all are taken: the oldest. */
  #oldest = 0;

  /** `mostRows` >= 1; beyond it the oldest entry makes room. */
  constructor(dimensions: number, mostRows: number) {
    this.#dimensions = dimensions;
    this.#mostRows = mostRows;
    const rows = Math.min(FIRST_ROWS, mostRows);
    this.#vectors = new Float32Array(3 * dimensions * rows);
    this.#guards = new Float64Array(rows);
  }

  get entries(): readonly T[] {
    return this.#entries;
  }

  get dimensions(): number {
    return this.#dimensions;
  }

  /** Memory of the vectors, in bytes. */
  get bytes(): number {
    return this.#vectors.byteLength + this.#guards.byteLength;
  }

  add({ prompt, first, second, guard }: Probe, entry: T): void {
    const row = this.#entries.length < this.#mostRows ? this.#entries.length : this.#oldest;
    if (row === this.#guards.length) this.#grow();
    const at = 3 * this.#dimensions * row;
    this.#vectors.set(prompt, at);
    this.#vectors.set(first, at + this.#dimensions);
    this.#vectors.set(second, at + 2 * this.#dimensions);
    this.#guards[row] = guard;
    if (row < this.#entries.length) this.#oldest = (row + 1) % this.#mostRows;
    this.#entries[row] = entry;
  }

  /**
   * The most similar entry with an equal guard, when it reaches `floor`; of equally similar ones the newest
   * row. Null also when its candidates fit no worse exchanged: then nobody knows which is which.
   */
  nearest(probe: Probe, floor: number): Nearest<T> | null {
    let best = -1;
    let most = floor;
    for (let row = 0; row < this.#entries.length; row += 1) {
      if (this.#guards[row] !== probe.guard) continue;
      const similarity = this.#similarity(row, probe, most);
      if (similarity >= most) [best, most] = [row, similarity];
    }
    const entry = this.#entries[best];
    if (entry === undefined) return null;
    const { prompt, first, second, guard } = probe;
    const exchanged = { prompt, first: second, second: first, guard };
    if (this.#candidates(best, exchanged) >= this.#candidates(best, probe)) return null;
    return { entry, similarity: Math.min(1, most) };
  }

  /** Keeps those entries alone. */
  keep(isKept: (entry: T) => boolean): void {
    const width = 3 * this.#dimensions;
    let to = 0;
    for (let row = 0; row < this.#entries.length; row += 1) {
      const entry = this.#entries[row];
      if (entry === undefined || !isKept(entry)) continue;
      this.#vectors.copyWithin(to * width, row * width, (row + 1) * width);
      this.#guards[to] = this.#guards[row] ?? 0;
      this.#entries[to] = entry;
      to += 1;
    }
    this.#entries.length = to;
    this.#oldest = 0;
  }

  /** Stops early, with what it has, once a part is below `floor`. */
  #similarity(row: number, { prompt, first, second }: Probe, floor: number): number {
    const at = 3 * this.#dimensions * row;
    const asked = this.#dot(at, prompt);
    if (asked < floor) return asked;
    const one = this.#dot(at + this.#dimensions, first);
    return one < floor ? one : Math.min(asked, one, this.#dot(at + 2 * this.#dimensions, second));
  }

  #candidates(row: number, { first, second }: Probe): number {
    const at = 3 * this.#dimensions * row + this.#dimensions;
    return this.#dot(at, first) + this.#dot(at + this.#dimensions, second);
  }

  #dot(at: number, part: Float32Array): number {
    const vectors = this.#vectors;
    let sum = 0;
    for (let i = 0; i < part.length; i += 1) sum += (vectors[at + i] ?? 0) * (part[i] ?? 0);
    return sum;
  }

  #grow(): void {
    const rows = Math.min(2 * this.#guards.length, this.#mostRows);
    const vectors = new Float32Array(3 * this.#dimensions * rows);
    vectors.set(this.#vectors);
    const guards = new Float64Array(rows);
    guards.set(this.#guards);
    [this.#vectors, this.#guards] = [vectors, guards];
  }
}
