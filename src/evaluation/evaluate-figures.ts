import type { Evaluation } from './evaluation.ts';
import { figureOf } from './report/figures.ts';
import type { RoutingQuality } from './routing-measures.ts';

/** The figures for programs, in snake case, money in dollars. */
export function evaluationFigures(evaluation: Evaluation): Record<string, unknown> {
  const { task, items, rows, served, profiles, confidence, routing, powered } = evaluation;
  return {
    items: items.length,
    policy: task.policy,
    tiers: task.tiers,
    reference: task.reference.type === 'gold' ? 'gold' : task.reference.name,
    labellers: rows.map((row) => ({
      name: row.name,
      coverage: figureOf(row.coverage),
      agreement: figureOf(row.agreement),
      kappa: figureOf(row.kappa),
      gold_agreement: figureOf(row.gold),
      usd_per_label: toUsd(row.nanoUsdPerLabel),
      relative_cost: row.relativeCost,
    })),
    small_served: figureOf(served.smallShare),
    abstained: figureOf(served.abstained),
    not_judged: served.failed,
    marginal_risk: figureOf(served.marginalRisk),
    selective_risk: figureOf(served.selectiveRisk),
    certified: served.certified,
    usd_per_certified_label: toUsd(served.nanoUsdPerCertified),
    latency_ms: served.tiers.map(({ tier, labels, latency }) => ({
      tier,
      labels,
      p50: latency?.[0] ?? null,
      p95: latency?.[1] ?? null,
    })),
    judges: profiles.map((profile, index) => ({
      name: profile.name,
      precision: profile.identity?.precision ?? null,
      judged: profile.judged,
      swap_consistency: figureOf(profile.swapConsistency),
      same_position: figureOf(profile.samePosition),
      first_of_same: figureOf(profile.firstOfSame),
      tie_rate: figureOf(profile.tieRate),
      prefers_longer: figureOf(profile.prefersLonger),
      length_bias: figureOf(profile.lengthBias),
      ece: figureOf(confidence[index]?.quality.ece ?? null),
      brier: figureOf(confidence[index]?.quality.brier ?? null),
      auroc: figureOf(confidence[index]?.quality.auroc ?? null),
      aurc: figureOf(confidence[index]?.quality.aurc ?? null),
    })),
    routing: { reference: routingFigures(routing.reference), gold: routingFigures(routing.gold) },
    gold_agreement_ppi:
      powered === null ? null : { ...figureOf(powered.interval), labelled: powered.labelled },
  };
}

function routingFigures(quality: RoutingQuality | null): Record<string, unknown> | null {
  if (quality === null) return null;
  return { apgr: figureOf(quality.apgr), cpt50: figureOf(quality.cpt50), cpt80: figureOf(quality.cpt80) };
}

function toUsd(nanoUsd: number | null): number | null {
  return nanoUsd === null ? null : nanoUsd / 1e9;
}
