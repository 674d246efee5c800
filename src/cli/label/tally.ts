import { hasFeedback, type Outcome } from '../../domain/outcome.ts';
import { isJudged, type OutputRow } from './row.ts';

/** Failed rows that are named; the others are counted. */
const MOST_NAMED = 10;

export interface FailedRow {
  readonly line: number;
  readonly outcome: Outcome;
  readonly reason: string;
}

/** What one tier did. */
export interface TierTally {
  labels: number;
  confidenceSum: number;
  /** Rows that this tier was asked about, and what its answers cost, in nano-dollars. */
  asked: number;
  nanoUsd: number;
}

/** Counts rows of output. Money is summed in nano-dollars, so that the sum is exact. */
export class Tally {
  rows = 0;
  judged = 0;
  /** Rows that sampling left out: nobody was asked, and nothing failed. */
  leftOut = 0;
  /** Labels (ties included), or results of another task. */
  labels = 0;
  /** Labels that agree with the answer that the input prefers, of `comparable` ones. */
  agreeing = 0;
  comparable = 0;
  positionInconsistent = 0;
  nanoUsd = 0;
  readonly outcomes = new Map<Outcome, number>();
  /** Cheap to strong, as the decisions name them. */
  readonly tiers = new Map<string, TierTally>();
  readonly failures: FailedRow[] = [];

  get failed(): number {
    return this.rows - this.judged - this.leftOut;
  }

  add(row: OutputRow): void {
    this.rows += 1;
    this.nanoUsd += toNano(row.cost.usd);
    this.outcomes.set(row.outcome, (this.outcomes.get(row.outcome) ?? 0) + 1);
    this.#addTrail(row);
    if (isJudged(row)) this.#addJudged(row);
    else if (row.taken === false) this.leftOut += 1;
    else this.#addFailure(row);
  }

  #addJudged({ outcome, label, tier, confidence, flags, chosen }: OutputRow): void {
    this.judged += 1;
    if (flags.includes('position_inconsistent')) this.positionInconsistent += 1;
    if (!hasFeedback(outcome)) return;
    this.labels += 1;
    if (chosen !== undefined && label !== null && label !== 'tie') {
      this.comparable += 1;
      if (label === chosen) this.agreeing += 1;
    }
    if (tier === null) return;
    const tally = this.#tier(tier);
    tally.labels += 1;
    tally.confidenceSum += confidence ?? 0;
  }

  #addTrail({ trail, decisions = [] }: OutputRow): void {
    // A decision names also the tiers that were passed over without a call.
    for (const { tier } of decisions) this.#tier(tier);
    const asked = new Set<string>();
    for (const { tier, cost_usd: usd } of trail) {
      if (tier === undefined) continue;
      const tally = this.#tier(tier);
      if (!asked.has(tier)) tally.asked += 1;
      asked.add(tier);
      tally.nanoUsd += toNano(usd ?? 0);
    }
  }

  #addFailure({ line, outcome, error }: OutputRow): void {
    if (this.failures.length === MOST_NAMED) return;
    // One item is sent per request, so its place in the request says nothing.
    const reason = (error?.message ?? 'no reason given').replaceAll('items[0].', '');
    this.failures.push({ line, outcome, reason });
  }

  #tier(name: string): TierTally {
    const known = this.tiers.get(name);
    if (known !== undefined) return known;
    const tally = { labels: 0, confidenceSum: 0, asked: 0, nanoUsd: 0 };
    this.tiers.set(name, tally);
    return tally;
  }
}

/**
 * What it would have cost to ask only the last tier, in nano-dollars: its mean cost per row that reached
 * it, times the judged rows. An estimate: the rows that reach it are not the average ones.
 * Null when the rows show no second tier.
 */
export function estimateAlwaysLast(tally: Tally): { readonly tier: string; readonly nanoUsd: number } | null {
  const last = [...tally.tiers].findLast(([, { asked }]) => asked > 0);
  if (tally.tiers.size < 2 || last === undefined) return null;
  const [tier, { asked, nanoUsd }] = last;
  return asked === 0 || nanoUsd === 0 ? null : { tier, nanoUsd: (nanoUsd / asked) * tally.judged };
}

function toNano(usd: number): number {
  return Math.round(usd * 1e9);
}
