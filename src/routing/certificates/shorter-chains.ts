import type {
  CalibrationItem,
  Certificate,
  Certification,
  CertifyRequest,
  Refusal,
  RefusalReason,
  Stage,
} from '../../contracts/certificate.ts';
import { certify } from './certify.ts';

/** Part of a chain that may be certified in its place. */
interface Candidate {
  /** Places of its stages in the whole chain, rising. */
  readonly places: readonly number[];
  /** Part of the failure probability that it may use; all together 1. */
  readonly share: number;
}

/** What the whole chain keeps when there are shorter ones to fall back on. */
const WHOLE = 0.8;

/** Refusals that speak about the judges, so that fewer of them may do better; others are about the items. */
const ABOUT_JUDGES: ReadonlySet<RefusalReason> = new Set([
  'constant_scores',
  'uninformative_scores',
  'risk_too_high',
  'too_little_accepted',
]);

/**
 * Certifies the whole chain or, when its judges do not reach, the first shorter one that does: without the single
 * orders, then each judge alone, strongest first. Which chains are tried and what each may spend is fixed before any
 * item is seen, so all together fail with at most the failure probability of one (union bound with weights).
 */
export function certifyChain(items: readonly CalibrationItem[], request: CertifyRequest): Certification {
  const candidates = candidatesOf(request.stages);
  let first: Refusal | null = null;
  for (const { places, share } of candidates) {
    // Of the whole chain as they are, so that one with another number of answers is refused by name.
    const narrow = places.length === request.stages.length ? items : narrowed(items, places);
    const result = certify(narrow, {
      ...request,
      stages: places.flatMap((place) => request.stages[place] ?? []),
      sharedBy: (request.sharedBy ?? 1) / share,
    });
    if (result.ok) return result;
    first ??= result.refusal;
    if (!ABOUT_JUDGES.has(first.reason)) return { ok: false, refusal: first };
  }
  // A chain has at least one stage, so something was tried.
  if (first === null) throw new RangeError('a chain without stages can not be certified');
  if (candidates.length === 1) return { ok: false, refusal: first };
  return {
    ok: false,
    refusal: { ...first, message: `${first.message}; nor is any of ${candidates.length - 1} shorter chains` },
  };
}

function candidatesOf(stages: readonly Stage[]): Candidate[] {
  const whole = stages.map((_, place) => place);
  const lastOfJudge = whole.filter((place) => stages[place + 1]?.tier !== stages[place]?.tier);
  const tried = [whole, lastOfJudge, ...lastOfJudge.toReversed().map((place) => [place])];
  const distinct = [...new Map(tried.map((places) => [places.join(' '), places])).values()];
  const others = distinct.length - 1;
  return distinct.map((places, i) => ({
    places,
    share: others === 0 ? 1 : i === 0 ? WHOLE : (1 - WHOLE) / others,
  }));
}

/** The items with what the stages of a certificate said alone, for replaying it: it may have fewer than the chain. */
export function withStagesOf(
  { stages }: Pick<Certificate, 'stages'>,
  items: readonly CalibrationItem[],
  chain: readonly Stage[],
): readonly CalibrationItem[] {
  const ids = chain.map(({ judge }) => judge.id);
  return narrowed(
    items,
    stages.map(({ judge }) => ids.indexOf(judge.id)),
  );
}

function narrowed(items: readonly CalibrationItem[], places: readonly number[]): readonly CalibrationItem[] {
  return items.map((item) => ({ ...item, answers: places.map((place) => item.answers[place] ?? null) }));
}
