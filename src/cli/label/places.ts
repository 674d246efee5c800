/** A row's bytes in a journal, without the newline. */
export interface Place {
  readonly offset: number;
  readonly length: number;
}

/** Where the row of each input line stands; 12 bytes per line, so that a million lines are no burden. */
export class Places {
  readonly lines: number;
  readonly #offsets: Float64Array;
  readonly #lengths: Uint32Array;

  constructor(lines: number) {
    this.lines = lines;
    this.#offsets = new Float64Array(lines + 1);
    this.#lengths = new Uint32Array(lines + 1);
  }

  has(line: number): boolean {
    return (this.#lengths[line] ?? 0) > 0;
  }

  set(line: number, { offset, length }: Place): void {
    this.#offsets[line] = offset;
    this.#lengths[line] = length;
  }

  /** The places in the order of the input. */
  *entries(): Generator<[number, Place], void> {
    for (let line = 1; line <= this.lines; line += 1) {
      const place = this.get(line);
      if (place !== null) yield [line, place];
    }
  }

  get(line: number): Place | null {
    const length = this.#lengths[line] ?? 0;
    return length === 0 ? null : { offset: this.#offsets[line] ?? 0, length };
  }
}
