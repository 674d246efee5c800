import type { JudgedItem } from '../../contracts/evaluation.ts';
import { sourceFamilies } from '../../domain/candidate-sources.ts';
import type { Interval } from '../../statistics/binomial.ts';
import { labelOfOpinion } from '../answer.ts';
import { type Estimator, type Grouped, shareOf } from '../intervals.ts';

/** How a judge treats the responses of one family of models. */
export interface FamilyPreference {
  readonly family: string;
  /** It is the judge's own. */
  readonly isOwn: boolean;
  /** Items with a gold label where one response is of the family and the other is not. */
  readonly items: number;
  /** P(judge prefers the family) - P(gold prefers it). */
  readonly excess: Interval | null;
  /**
   * P(judge prefers it | gold prefers it) - P(judge prefers the other | gold prefers the other): equal opportunity, as
   * in Wataoka et al. 2024 (arXiv 2410.21819). 0 for a judge that errs as often against the family as for it.
   */
  readonly gap: Interval | null;
}

interface Row extends Grouped {
  /** The judge, and gold, prefer the response of the family. */
  readonly judge: boolean;
  readonly gold: boolean;
}

/** For each family that wrote responses, the judge's own first. Empty when no source is known. */
export function familyPreferences(
  items: readonly JudgedItem[],
  judge: { readonly name: string; readonly family: string | null },
  estimate: Estimator,
): FamilyPreference[] {
  const families = new Set(items.flatMap(({ item }) => (item === null ? [] : sourceFamilies(item))));
  families.delete(null);
  return [...families]
    .flatMap((family) => (family === null ? [] : [family]))
    .toSorted(
      (one, other) => Number(other === judge.family) - Number(one === judge.family) || (one < other ? -1 : 1),
    )
    .map((family) => {
      const rows = items.flatMap((item) => rowOf(item, judge.name, family));
      return {
        family,
        isOwn: family === judge.family,
        items: rows.length,
        excess: estimate(
          rows,
          (some) => shareOf(some, (row) => row.judge) - shareOf(some, (row) => row.gold),
        ),
        gap: estimate(rows, equalOpportunityGap),
      };
    });
}

function rowOf({ group, item, gold, opinions }: JudgedItem, judge: string, family: string): Row[] {
  const label = labelOfOpinion(opinions.get(judge));
  if (item === null || !isSide(label) || !isSide(gold)) return [];
  const [a, b] = sourceFamilies(item);
  if ((a === family) === (b === family)) return [];
  const side = a === family ? 'a' : 'b';
  return [{ group, judge: label === side, gold: gold === side }];
}

function isSide(label: string | null): label is 'a' | 'b' {
  return label === 'a' || label === 'b';
}

/** NaN where gold never prefers the family, or always. */
function equalOpportunityGap(rows: readonly Row[]): number {
  const [own, other] = [rows.filter(({ gold }) => gold), rows.filter(({ gold }) => !gold)];
  return shareOf(own, ({ judge }) => judge) - shareOf(other, ({ judge }) => !judge);
}
