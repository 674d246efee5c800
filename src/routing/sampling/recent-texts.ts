import { NearDuplicates, type Sketch } from '../../statistics/min-hash.ts';

/**
 * Kinds of texts among those that came lately: how often each came. It remembers between one and two times
 * `most` kinds, some 600 bytes for each; what was not met for so long is new again.
 */
export class RecentTexts {
  readonly #least: number;
  readonly #most: number;
  #now: Generation;
  #before: Generation | null = null;

  /**
   * @param least - Overlap from which two texts are of one kind, in (0, 1].
   * @param most - Kinds after which the older half is forgotten.
   */
  constructor(least: number, most: number) {
    this.#least = least;
    this.#most = most;
    this.#now = newGeneration(least);
  }

  /** Takes a text in; how many of its kind came before, and the id that the first of them had. */
  meet(sketch: Sketch, id: string): { readonly before: number; readonly first: string } {
    const known = this.#now.kinds.find(sketch);
    if (known !== null) return count(this.#now.met[known], id);
    const older = this.#before?.kinds.find(sketch) ?? null;
    const kept = older === null ? undefined : this.#before?.met[older];
    if (this.#now.met.length >= this.#most) {
      this.#before = this.#now;
      this.#now = newGeneration(this.#least);
    }
    const kind = kept ?? { first: id, times: 0 };
    this.#now.kinds.add(sketch);
    this.#now.met.push(kind);
    return count(kind, id);
  }
}

interface Kind {
  readonly first: string;
  times: number;
}

interface Generation {
  readonly kinds: NearDuplicates;
  readonly met: Kind[];
}

function newGeneration(least: number): Generation {
  return { kinds: new NearDuplicates(least), met: [] };
}

function count(kind: Kind | undefined, id: string): { readonly before: number; readonly first: string } {
  if (kind === undefined) return { before: 0, first: id };
  kind.times += 1;
  return { before: kind.times - 1, first: kind.first };
}
