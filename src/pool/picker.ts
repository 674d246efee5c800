import type { Random } from '../contracts/clock.ts';
import type { Refusal } from '../contracts/resilience.ts';
import { hashOf } from '../domain/text-hash.ts';
import { rankOf } from './affinity.ts';

/** What the picker must know of a replica. */
export interface Candidate {
  readonly name: string;
  /** Of its name, for affinity. */
  readonly hash: number;
  /** Warm and not draining. */
  isUsable(): boolean;
  isEjected(): boolean;
  refusal(): Refusal | null;
  /** Requests there: ours, and those of others as far as its engine tells. */
  requests(): number;
  /** Of these, the requests of others. */
  others(): number;
  /** Lower is better; slow start is in it. */
  cost(): number;
}

export type Picked<C> =
  | { readonly candidate: C; readonly reason: string }
  /** None is ready, all that are have an open breaker, or all have as many calls as they can bear. */
  | { readonly candidate: null; readonly reason: 'unready' | 'failing' | 'busy' };

/** A key's replica may have this much more requests than the mean before the next one in rank takes over. */
const BALANCE = 1.25;

/**
 * Filter, score, pick. The filter keeps replicas that are usable, not ejected (unless most are) and let a
 * call in; those in `avoid` are taken only when there is no other. A call with an affinity key goes to the
 * highest in rank with a bounded load, any other to the cheaper of two chosen by chance.
 */
export function createPicker<C extends Candidate>(
  candidates: () => readonly C[],
  random: Random,
): (avoid: readonly string[], affinity: string | undefined) => Picked<C> {
  return (avoid, affinity) => {
    const { usable, free, refusal } = filter(candidates());
    const fresh = avoid.length === 0 ? free : free.filter(({ name }) => !avoid.includes(name));
    const choice = fresh.length > 0 ? fresh : free;
    const [first] = choice;
    if (first === undefined) return { candidate: null, reason: emptyReason(usable, refusal) };
    if (choice.length === 1) return { candidate: first, reason: loneReason(usable, avoid) };
    return affinity === undefined ? pickOfTwo(choice, first, random) : pickByRank(choice, affinity);
  };
}

/** Usable ones, and of these those that calls may go to: in panic also ejected ones, as most cannot be outliers. */
export function inPlay<C extends Pick<Candidate, 'isUsable' | 'isEjected'>>(
  candidates: readonly C[],
): { readonly usable: number; readonly kept: readonly C[] } {
  const usable = candidates.filter((candidate) => candidate.isUsable());
  const healthy = usable.filter((candidate) => !candidate.isEjected());
  return { usable: usable.length, kept: healthy.length * 2 < usable.length ? usable : healthy };
}

function filter<C extends Candidate>(
  candidates: readonly C[],
): { usable: number; free: C[]; refusal: Refusal | null } {
  const { usable, kept } = inPlay(candidates);
  let refusal: Refusal | null = null;
  const free = kept.filter((candidate) => {
    const refused = candidate.refusal();
    // A busy one may become free while the caller waits, so it decides.
    if (refused !== null && refusal !== 'limit') refusal = refused;
    return refused === null;
  });
  return { usable, free, refusal };
}

function loneReason(usable: number, avoid: readonly string[]): string {
  if (usable === 1) return 'only one ready';
  return avoid.length > 0 ? 'only one left' : 'only one free';
}

function emptyReason(usable: number, refusal: Refusal | null): 'unready' | 'failing' | 'busy' {
  if (usable === 0) return 'unready';
  return refusal === 'limit' ? 'busy' : 'failing';
}

function pickOfTwo<C extends Candidate>(
  choice: readonly C[],
  fallback: C,
  random: Random,
): { candidate: C; reason: string } {
  const draw = Math.floor(random.uniform() * choice.length * (choice.length - 1));
  const firstIndex = draw % choice.length;
  const step = 1 + Math.floor(draw / choice.length);
  const first = choice[firstIndex] ?? fallback;
  const second = choice[(firstIndex + step) % choice.length] ?? fallback;
  const [a, b] = [first.cost(), second.cost()];
  return b < a
    ? { candidate: second, reason: `p2c ${b.toFixed(3)}<${a.toFixed(3)}${othersClause(second, first)}` }
    : {
        candidate: first,
        reason: `p2c ${a.toFixed(3)}${a < b ? '<' : '='}${b.toFixed(3)}${othersClause(first, second)}`,
      };
}

/** Tells that the engines' own figures spoke in the choice. */
function othersClause(picked: Candidate, left: Candidate): string {
  const [here, there] = [Math.round(picked.others()), Math.round(left.others())];
  return here + there === 0 ? '' : `, others' requests ${here} and ${there}`;
}

function pickByRank<C extends Candidate>(
  choice: readonly C[],
  affinity: string,
): { candidate: C; reason: string } {
  const key = hashOf(affinity);
  let requests = 1;
  for (const candidate of choice) requests += candidate.requests();
  const bound = Math.ceil((requests / choice.length) * BALANCE);
  const ranked = choice.toSorted((x, y) => rankOf(key, y.hash) - rankOf(key, x.hash));
  const index = ranked.findIndex((candidate) => candidate.requests() < bound);
  // The least loaded one is below the mean, so there is always one.
  const candidate = ranked[Math.max(0, index)] ?? ranked[0];
  if (candidate === undefined) throw new Error('no candidates to rank');
  return { candidate, reason: index === 0 ? 'affinity' : `affinity, ${index} in rank full` };
}
