import { createHash } from 'node:crypto';
import type { Constitution, Principle } from '../domain/constitution.ts';
import type { Item } from '../domain/item.ts';

/**
 * The principles of a chain, one for each round. Sampled ones are drawn without replacement, in an order that
 * seed and constitution alone decide; when all were drawn, they are drawn anew.
 */
export function principlesFor(
  constitution: Constitution,
  rounds: number,
  seed: string,
): readonly Principle[] {
  const { principles, id } = constitution;
  const chosen: Principle[] = [];
  for (let cycle = 0; chosen.length < rounds && principles.length > 0; cycle += 1) {
    const drawn = principles
      .map((principle) => ({ principle, place: digest(`${seed} ${cycle} ${id} ${principle.id}`) }))
      .toSorted((one, other) => (one.place < other.place ? -1 : 1));
    chosen.push(...drawn.slice(0, rounds - chosen.length).map(({ principle }) => principle));
  }
  return chosen;
}

/** The item's own seed, or one that its texts make: the same item is always asked by the same principles. */
export function seedOf({ wishes, prompt, candidates }: Item): string {
  return wishes?.seed === undefined ? digest(JSON.stringify([prompt, candidates])) : String(wishes.seed);
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
