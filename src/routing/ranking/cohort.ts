import { hash } from 'node:crypto';
import type { Call } from '../../contracts/call.ts';
import type { Clock } from '../../contracts/clock.ts';
import type { CohortMember, Ranked } from '../../contracts/ranking.ts';
import { abortProblem } from '../../domain/errors.ts';
import type { Item } from '../../domain/item.ts';
import type { Cohort as CohortSize, CohortPlace } from '../../domain/ranking.ts';
import type { TrailEntry } from '../../domain/verdict.ts';
import type { Pair } from '../../statistics/pair-choice.ts';
import { planOf, run } from './comparison-plan.ts';
import { type Comparisons, createComparisons } from './comparisons.ts';
import { conclude, failuresOf, groupsOf } from './conclusion.ts';
import { differenceOf, failedRank, invalidMember, lateMember, missingMembers } from './cohort-problems.ts';

/**
 * One group whose candidates come one by one. Pairs are compared as soon as both are there; when the last one
 * came, or the time is over, the rest of the plan is run and everybody who waits gets the ranking. It refuses
 * candidates that are not of the group. A caller that leaves takes nothing with it: its candidate stays, and
 * the same item may come back for its reward.
 */
export class RankedCohort {
  readonly #size: CohortSize;
  readonly #first: CohortMember;
  readonly #clock: Clock;
  #onEnd: (isKept: boolean) => void;
  readonly #members: string[] = [];
  readonly #texts: string[] = [];
  readonly #digests: string[] = [];
  /** Who wrote each text, as its item's metadata says. */
  readonly #sources: unknown[] = [];
  /** Position in `#texts` of the first of each distinct text. */
  readonly #positions: number[] = [];
  readonly #compared: Pair[] = [];
  /** Null when all is said. */
  #comparisons: Comparisons | null;
  readonly #control = new AbortController();
  readonly #openAsks = new Set<Promise<void>>();
  readonly #waiting = new Set<Waiter>();
  readonly #startedAt: number;
  #call: Call;
  #isClosing = false;
  #stopTimer: () => void = () => undefined;
  #ended: Omit<Ranked, 'trail'> | null = null;

  /** `onEnd` is told when nothing more will happen; false when nobody is to find it again. */
  constructor(
    first: CohortMember,
    call: Call,
    { clock, onEnd }: { clock: Clock; onEnd(isKept: boolean): void },
  ) {
    const { id, prompt, rubric, metadata, wishes } = first.item;
    this.#size = wishes?.cohort ?? { id: first.item.id, size: 2 };
    this.#first = first;
    this.#clock = clock;
    this.#onEnd = (isKept) => {
      this.#onEnd = () => undefined;
      onEnd(isKept);
    };
    this.#call = call;
    this.#startedAt = clock.monotonic();
    const { router, concurrency } = first.rules;
    const withReasons = wishes?.reasons === true ? { wishes: { reasons: true } } : {};
    const about = 'sources' in metadata ? { ...metadata, sources: this.#sources } : metadata;
    const own = (): Call => ({ ...this.#call, signal: this.#control.signal });
    this.#comparisons = createComparisons({
      router,
      concurrency,
      verdictId: first.verdictId,
      item: { id, prompt, rubric, metadata: about, candidates: this.#texts, ...withReasons },
      positions: this.#positions,
      get call() {
        return own();
      },
    });
  }

  join(member: CohortMember, call: Call): Promise<Ranked> {
    const problem = differenceOf(this.#first.item, member.item);
    if (problem !== null) return Promise.resolve(failedRank(problem));
    const { item } = member;
    const [text = ''] = item.candidates;
    const known = this.#members.indexOf(item.id);
    if (known !== -1 && this.#digests[known] !== hash('sha256', text, 'base64url'))
      return Promise.resolve(failedRank(invalidMember(this.#size, item.id)));
    if (known === -1 && (this.#isClosing || this.#ended !== null)) {
      return Promise.resolve(failedRank(lateMember(this.#size, this.#members.length)));
    }
    if (this.#ended !== null) return Promise.resolve(this.#rankedFor(known, []));
    if (call.signal.aborted) return Promise.resolve(failedRank(abortProblem(call.signal.reason)));
    const position = known === -1 ? this.#add(item, text, call) : known;
    const ranked = this.#wait(position, call);
    if (this.#members.length === this.#size.size) void this.#close();
    return ranked;
  }

  /** Takes the candidate in and has it compared with those that are there. */
  #add({ id, metadata }: Item, text: string, call: Call): number {
    const position = this.#members.push(id) - 1;
    const { sources } = metadata;
    this.#sources.push(Array.isArray(sources) ? sources[0] : undefined);
    const isNew = !this.#texts.includes(text);
    this.#texts.push(text);
    this.#digests.push(hash('sha256', text, 'base64url'));
    if (!isNew) return position;
    const place = this.#positions.push(position) - 1;
    this.#call = call;
    const { method = 'adaptive' } = this.#first.item.wishes ?? {};
    const from = method === 'all_pairs' ? 0 : Math.max(0, place - 1);
    const pairs = Array.from({ length: place - from }, (_, index): Pair => [from + index, place]);
    this.#compared.push(...pairs);
    if (this.#comparisons !== null && pairs.length > 0) this.#track(this.#comparisons.ask(pairs));
    return position;
  }

  #track(asking: Promise<void>): void {
    const open = asking.finally(() => this.#openAsks.delete(open));
    this.#openAsks.add(open);
    open.catch(() => undefined);
  }

  #wait(position: number, call: Call): Promise<Ranked> {
    const now = this.#clock.monotonic();
    const closeAt = now + PATIENCE * (call.deadline - now);
    return new Promise((resolve) => {
      const waiter: Waiter = {
        position,
        closeAt,
        end: (ranked) => {
          call.signal.removeEventListener('abort', leave);
          this.#waiting.delete(waiter);
          resolve(ranked);
        },
      };
      const leave = (): void => void this.#leave(waiter, call.signal.reason);
      call.signal.addEventListener('abort', leave, { once: true });
      this.#waiting.add(waiter);
      this.#setTimer();
    });
  }

  /** The last one to leave pays for what nobody waits for any more. */
  async #leave(waiter: Waiter, reason: unknown): Promise<void> {
    const left = failedRank(abortProblem(reason));
    if (this.#waiting.size > 1) {
      waiter.end(left);
      this.#setTimer();
      return;
    }
    this.#stopTimer();
    this.#onEnd(false);
    this.#control.abort(reason);
    // What is being concluded ends by itself now, and tells the waiter.
    if (this.#isClosing) return;
    this.#isClosing = true;
    await Promise.allSettled(this.#openAsks);
    waiter.end({ ...left, trail: this.#comparisons?.trail ?? [] });
  }

  #setTimer(): void {
    this.#stopTimer();
    if (this.#isClosing) return;
    const latest = this.#startedAt + this.#first.rules.waitMs;
    const closeAt = Math.min(latest, ...[...this.#waiting].map((waiter) => waiter.closeAt));
    const ms = Math.max(0, closeAt - this.#clock.monotonic());
    this.#stopTimer = this.#clock.after(ms, () => void this.#close());
  }

  async #close(): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#stopTimer();
    try {
      await Promise.all(this.#openAsks);
      this.#settle(await this.#conclude());
    } catch (error) {
      this.#settle({ ...failedRank(abortProblem(error)), notes: ['ranking the cohort failed'] });
    }
    this.#onEnd(this.#isFinal());
  }

  /** What judges failed of may go better the next time: then the same items may make a group of this id again. */
  #isFinal(): boolean {
    const isMissing = this.#members.length < this.#size.size;
    return !this.#control.signal.aborted && (isMissing || this.#ended?.end.type === 'ranked');
  }

  async #conclude(): Promise<Omit<Ranked, 'trail'>> {
    const comparisons = this.#comparisons;
    const { wishes } = this.#first.item;
    const { resolvedAt, whenIncomplete } = this.#first.rules;
    const missing = this.#size.size - this.#members.length;
    if (comparisons === null || this.#members.length < 2 || (missing > 0 && whenIncomplete === 'fail')) {
      return failedRank(missingMembers(this.#size, this.#members.length));
    }
    const { signal } = this.#control;
    const groups = groupsOf(this.#texts);
    const plan = planOf(groups.length, wishes?.method, wishes?.comparisons);
    const note = await run(plan, comparisons, { resolvedAt, compared: this.#compared }, signal);
    const end = conclude(plan, comparisons, { groups, signal });
    const failures = failuresOf(comparisons, this.#positions);
    const late = missing === 0 ? [] : [`${missing} of ${this.#size.size} candidates did not come in time`];
    return {
      end: missing === 0 ? end : flagged(end),
      notes: [note, ...late, ...failures],
      cached: comparisons.isCached,
    };
  }

  /** Each candidate pays for the comparisons that it caused; those of one that left, who waited longest. */
  #settle(ended: Omit<Ranked, 'trail'>): void {
    this.#ended = ended;
    const waiters = [...this.#waiting];
    const shares = Map.groupBy(
      this.#comparisons?.trail ?? [],
      (entry) => waiters.find(({ position }) => position === causeOf(entry)) ?? waiters[0],
    );
    for (const waiter of waiters) waiter.end(this.#rankedFor(waiter.position, shares.get(waiter) ?? []));
    // What is kept for those that come again are rewards and digests alone.
    this.#comparisons = null;
    this.#texts.length = 0;
  }

  #rankedFor(position: number, trail: readonly TrailEntry[]): Ranked {
    const ended = this.#ended ?? failedRank(missingMembers(this.#size, this.#members.length));
    const { end, notes, cached } = ended;
    if (end.type === 'failed') return { end, notes, cached, trail };
    const cohort: CohortPlace = { ...this.#size, members: this.#members, position };
    return { end: { ...end, result: { ...end.result, cohort } }, notes, cached, trail };
  }
}

/** Share of a caller's time that its group waits for others: the rest is for the last comparisons. */
const PATIENCE = 0.8;

interface Waiter {
  readonly position: number;
  /** Instant on the monotonic clock at which it wants the group to be closed. */
  readonly closeAt: number;
  readonly end: (ranked: Ranked) => void;
}

/** Position of the candidate that came last of the two. */
function causeOf({ part = '' }: TrailEntry): number {
  return Math.max(...part.split(' ').map(Number));
}

function flagged(end: Ranked['end']): Ranked['end'] {
  return end.type === 'failed' ? end : { ...end, flags: [...new Set([...end.flags, 'incomplete' as const])] };
}
