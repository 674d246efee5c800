import { figureOf } from '../report/figures.ts';
import type { JudgeBias, Missing } from './bias.ts';

/** The biases for programs. */
export function biasFigures(
  items: number,
  judges: readonly JudgeBias[],
  missing: Missing,
): Readonly<Record<string, unknown>> {
  return {
    items,
    not_measured: missing,
    judges: judges.map(({ name, family, judged, position, length, families, repeats }) => ({
      name,
      family,
      judged,
      position: {
        items: position.items,
        p_first: figureOf(position.first),
        flip_rate: figureOf(position.flips),
        same_slot: figureOf(position.sameSlot),
        order_gap: figureOf(position.gap),
      },
      length: {
        items: length.items,
        prefers_longer: figureOf(length.longer),
        with_gold: length.withGold,
        gold_prefers_longer: figureOf(length.goldLonger),
        log_odds_per_doubling: figureOf(length.perDoubling),
      },
      families: families.map((one) => ({
        family: one.family,
        own: one.isOwn,
        items: one.items,
        gap: figureOf(one.gap),
        excess: figureOf(one.excess),
      })),
      repeats:
        repeats === null
          ? null
          : {
              runs: repeats.runs,
              items: repeats.items,
              flip_rate: figureOf(repeats.flips),
              mean_difference_p_a: figureOf(repeats.difference),
            },
    })),
  };
}
