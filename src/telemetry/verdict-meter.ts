import type { Histogram, Meter } from '../contracts/metrics.ts';
import type { AuditObserver, VerdictObserver } from '../contracts/observers.ts';
import { toUsd } from '../domain/cost.ts';
import type { TrailEntry, Verdict } from '../domain/verdict.ts';
import { memo } from './memo.ts';
import { createTierFigures, type Place, type TierFigures } from './tier-figures.ts';

/** Figures of verdicts: how they ended, what they cost and how sure the judges were. */
export function createVerdictMeter(meter: Meter): VerdictObserver & AuditObserver {
  const verdicts = meter.counter('assay_verdicts_total');
  const durations = meter.histogram('assay_verdict_duration_seconds');
  const audits = meter.counter('assay_audits_total');
  const path = createPathMeter(meter);
  const ofEngine = memo((engine) => ({
    waits: meter.histogram('assay_queue_wait_seconds').of({ engine }),
    coalesced: meter.histogram('assay_coalesced_questions').of({ engine }),
  }));
  const places = memo((key) => createPlaceFigures(meter, key));
  return {
    given(verdict, { team, policy, ms }) {
      const { task, outcome, tier, cache } = verdict;
      const cached = cache ?? 'no';
      verdicts.of({ team, task, policy, tier: tier ?? NO_TIER, outcome, cached }).add();
      durations.of({ task, policy, cached }).observe(ms / 1_000);
      // Another verdict's history was told with that verdict.
      if (cache !== null) return;
      const { difficulties, ofTier } = places(keyOf({ team, policy, task }));
      if (verdict.difficulty !== null) difficulties.observe(verdict.difficulty);
      if (tier !== null) tellDecision(verdict, ofTier(tier));
      for (const entry of verdict.trail) {
        tellCall(entry, ofTier(entry.tier));
        if (entry.replica !== null) tellTurn(entry, ofEngine(entry.engine));
      }
      path(verdict, policy, ofTier);
    },
    audited({ team, policy, shadow, audit, result }) {
      const { ofTier } = places(keyOf({ team, policy, task: 'preference' }));
      for (const { tier, cost } of shadow) ofTier(tier).spent('shadow').add(toUsd(cost.nanoUsd));
      for (const { tier, cost } of audit) ofTier(tier).spent('audit').add(toUsd(cost.nanoUsd));
      if (result !== null) audits.of({ team, policy, result }).add();
    },
  };
}

const NO_TIER = 'none';

/** How the calls of an engine's judges got their turn. */
interface TurnFigures {
  readonly waits: Histogram;
  readonly coalesced: Histogram;
}

interface PlaceFigures {
  readonly difficulties: Histogram;
  ofTier(tier: string): TierFigures;
}

/** Names have no control characters. */
function keyOf({ team, policy, task }: Place): string {
  return `${team}\n${policy}\n${task}`;
}

function createPlaceFigures(meter: Meter, key: string): PlaceFigures {
  const [team = '', policy = '', task = ''] = key.split('\n');
  return {
    difficulties: meter.histogram('assay_difficulty').of({ policy }),
    ofTier: memo((tier) => createTierFigures(meter, { team, policy, task }, tier)),
  };
}

function tellDecision({ task, confidence, flags }: Verdict, figures: TierFigures): void {
  if (confidence !== null) figures.confidences.observe(confidence);
  if (task !== 'preference' || flags.includes('single_order')) return;
  if (flags.includes('position_inconsistent')) figures.inconsistent.add();
  else figures.consistent.add();
}

/** A call that the reply rests on; what failed attempts of it cost is told apart. */
function tellCall({ cost, retryNanoUsd = 0 }: TrailEntry, figures: TierFigures): void {
  const { inputTokens, cachedInputTokens, outputTokens } = cost.usage;
  figures.served.add(toUsd(cost.nanoUsd - retryNanoUsd));
  if (retryNanoUsd > 0) figures.spent('retry').add(toUsd(retryNanoUsd));
  figures.freshTokens.add(inputTokens - cachedInputTokens);
  figures.cachedTokens.add(cachedInputTokens);
  figures.outputTokens.add(outputTokens);
}

function tellTurn({ queuedMs, coalesced }: TrailEntry, { waits, coalesced: sizes }: TurnFigures): void {
  waits.observe(queuedMs / 1_000);
  if (coalesced !== null) sizes.observe(coalesced);
}

/** Which tiers were asked, and why an item went on to the next one. */
function createPathMeter(meter: Meter) {
  const escalations = meter.counter('assay_escalations_total');
  return ({ trail, decisions }: Verdict, policy: string, ofTier: (tier: string) => TierFigures): void => {
    const asked = askedTiers(trail);
    for (const tier of asked.keys()) ofTier(tier).judgments.add();
    // Decisions of one tier follow each other: the last one says how it went on.
    for (const [index, { tier, accepted }] of decisions.entries()) {
      const next = decisions[index + 1];
      if (accepted || next === undefined || next.tier === tier) continue;
      escalations.of({ policy, tier, reason: asked.get(tier) ?? 'not_asked' }).add();
    }
  };
}

/** The tiers that were asked, and why each of them passes an item on if it does. */
function askedTiers(trail: readonly TrailEntry[]): ReadonlyMap<string, 'unsure' | 'failed'> {
  const asked = new Map<string, 'unsure' | 'failed'>();
  for (const { tier, problem } of trail) {
    if (problem !== null) asked.set(tier, 'failed');
    else if (!asked.has(tier)) asked.set(tier, 'unsure');
  }
  return asked;
}
