import type { ClaimedShard, ItemEnd, JobPulse, JobWorkStore, PendingItem } from '../contracts/job-store.ts';
import type { Logger } from '../contracts/telemetry.ts';
import type { Problem } from '../domain/errors.ts';
import { isCallWork, type StopReason } from '../domain/job.ts';
import { Allowance } from './allowance.ts';
import { CallsUnderWay } from './calls-under-way.ts';
import { Checkpoint } from './checkpoint.ts';
import { pause } from './pause.ts';
import { createLineWork, type LineTools } from './batches/line-work.ts';
import { createFeedbackWork, type FeedbackTools } from './feedback-work.ts';
import type { ItemWork } from './item-work.ts';

export interface ShardTools extends FeedbackTools, LineTools {
  readonly store: JobWorkStore;
  readonly logger: Logger;
}

/** Losses after which items are taken one by one, to find the one that brings the process down. */
const CAREFUL_AFTER = 5;
/** Losses after which the first item that has no end is given up: it was alone at the last ones. */
const GIVEN_UP_AFTER = 10;

/** Pause before a shard is given back in which something went wrong that is no item's fault. */
const BROKEN_MS = 15_000;

/** Why an item ends that is not judged any more. */
const STOPPED: Readonly<Record<StopReason, Problem>> = {
  cancelled: { code: 'cancelled', message: 'the job was cancelled before its turn', param: null },
  expired: { code: 'deadline_exceeded', message: "the job's deadline passed before its turn", param: null },
  over_budget: { code: 'over_budget', message: "the job's budget was spent before its turn", param: null },
};

/** One leased shard on its way: starts its items, commits their ends, gives the lease back. */
export class ShardRun {
  readonly #claimed: ClaimedShard;
  readonly #tools: ShardTools;
  readonly #checkpoint: Checkpoint;
  readonly #allowance: Allowance;
  readonly #isCareful: boolean;
  readonly #work: ItemWork;
  /** Start nothing more. */
  readonly #halt = new AbortController();
  /** The process ends: give back what can be given back. */
  readonly #stop = new AbortController();
  readonly #calls = new CallsUnderWay();
  #underWay = 0;
  #isBroken = false;
  #onEnded: (() => void) | null = null;

  constructor(claimed: ClaimedShard, tools: ShardTools) {
    const { lease, pulse, losses } = claimed;
    this.#claimed = claimed;
    this.#tools = tools;
    this.#allowance = new Allowance(pulse.budgetNanoUsd, pulse.nanoUsd);
    this.#isCareful = losses > CAREFUL_AFTER;
    this.#work = (isCallWork(claimed.task) ? createLineWork : createFeedbackWork)(claimed, tools);
    this.#checkpoint = new Checkpoint({
      ...tools,
      lease,
      onPulse: (news) => this.hear(news),
      onFenced: () => this.drop(),
    });
  }

  get token(): string {
    return this.#claimed.lease.token;
  }

  /** How the job stands by now. */
  hear({ state }: JobPulse): void {
    const { pulse, task } = this.#claimed;
    if (state === pulse.state || state === 'running') return;
    // Nobody sees what a cancelled response would have said.
    if (task === 'response') this.drop();
    else this.halt();
  }

  /** Lets what is under way end, and starts nothing more. */
  halt(): void {
    this.#halt.abort();
  }

  /** The process ends. */
  stop(): void {
    this.#halt.abort();
    this.#stop.abort();
  }

  /** What is under way is worth nothing any more: the lease is lost, or the process must end. */
  drop(): void {
    this.#halt.abort();
    this.#calls.drop();
  }

  /** Resolves when the lease is given back. Never rejects. */
  async run(): Promise<void> {
    const { pulse, lease, items } = this.#claimed;
    const { store, logger } = this.#tools;
    try {
      if (pulse.state === 'stopping') await this.#endAll(STOPPED[pulse.stopReason ?? 'cancelled'], items);
      else await this.#judgeAll();
      await this.#checkpoint.flush();
      if (this.#isBroken) await pause(this.#tools.clock, BROKEN_MS, this.#stop.signal);
      await store.release(lease);
    } catch (err) {
      // Nobody renews the lease any more: the shard is given out again when it has run out.
      logger.error({ err, job: lease.jobId, shard: lease.shard }, 'a shard of a job was left');
    }
  }

  async #judgeAll(): Promise<void> {
    const [first, ...others] = this.#claimed.items;
    const isGivenUp = first !== undefined && this.#claimed.losses > GIVEN_UP_AFTER;
    if (isGivenUp) await this.#endAll(deadly(this.#claimed.losses), [first]);
    const work: Promise<void>[] = [];
    try {
      for (const item of isGivenUp ? others : this.#claimed.items) {
        if (!(await this.#mayStart())) break;
        work.push(this.#judge(item));
      }
    } finally {
      await Promise.all(work);
    }
  }

  /** Takes a slot, or says that no more is to be started. */
  async #mayStart(): Promise<boolean> {
    const { slots, store } = this.#tools;
    while (await slots.take(this.#halt.signal)) {
      const answer = this.#isCareful && this.#underWay > 0 ? 'wait' : this.#allowance.ask();
      if (answer === 'go') return true;
      slots.give();
      if (answer === 'spent') {
        await store.stop(this.#claimed.lease.jobId, 'over_budget');
        return false;
      }
      await new Promise<void>((resolve) => {
        this.#onEnded = resolve;
      });
    }
    return false;
  }

  async #judge(item: PendingItem): Promise<void> {
    const { lease } = this.#claimed;
    const { slots, logger } = this.#tools;
    this.#underWay += 1;
    this.#allowance.began();
    let nanoUsd = 0;
    try {
      const end = await this.#work.judge(item, { halt: this.#halt.signal, underWay: this.#calls });
      if (end === null) return;
      nanoUsd = costOf(end);
      this.#checkpoint.add(end);
      if (this.#isCareful) await this.#checkpoint.flush();
    } catch (err) {
      // Such as a policy that is gone. The item has no end: whoever gets the shard next tries it again.
      if (!this.#isBroken)
        logger.error({ err, job: lease.jobId, n: item.n }, 'an item of a job could not be judged');
      this.#isBroken = true;
      this.#halt.abort();
    } finally {
      this.#underWay -= 1;
      this.#allowance.ended(nanoUsd);
      slots.give();
      this.#onEnded?.();
    }
  }

  /** Ends items without asking a judge. */
  async #endAll(problem: Problem, items: readonly PendingItem[]): Promise<void> {
    for (const end of await this.#work.end(items, problem)) this.#checkpoint.add(end);
  }
}

function costOf(end: ItemEnd): number {
  return 'line' in end ? 0 : end.verdict.cost.nanoUsd;
}

function deadly(losses: number): Problem {
  const message = `the process that judged it died, ${losses} times in a row`;
  return { code: 'quarantined', message, param: null };
}
