import type { CalibrationItem, CertifyRequest, Refusal, RefusalReason } from '../../contracts/certificate.ts';

/** What is wrong with calibration items before any number is computed; null when nothing is. */
export function refusalOf(items: readonly CalibrationItem[], request: CertifyRequest): Refusal | null {
  return (
    duplicates(items) ??
    heldOut(items, request) ??
    otherStratum(items, request) ??
    otherJudges(items, request) ??
    missingNumbers(items) ??
    oneClass(items)
  );
}

/** A refusal that names at most ten items. */
export function refuse(
  reason: RefusalReason,
  message: string,
  about: { readonly items?: readonly string[]; readonly needed?: number } = {},
): Refusal {
  const items = (about.items ?? []).slice(0, 10);
  const named = items.length === 0 ? '' : `: ${items.join(', ')}`;
  return { reason, message: `${message}${named}`, needed: about.needed ?? null, items };
}

function duplicates(items: readonly CalibrationItem[]): Refusal | null {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const { id } of items) (seen.has(id) ? twice : seen).add(id);
  if (twice.size === 0) return null;
  return refuse('duplicate_items', `${twice.size} items occur more than once`, { items: [...twice] });
}

function heldOut(items: readonly CalibrationItem[], { heldOut: kept = [] }: CertifyRequest): Refusal | null {
  const ids = new Set(kept.map((item) => item.id));
  const prompts = new Set(kept.map((item) => item.prompt));
  const known = items.filter((item) => ids.has(item.id) || prompts.has(item.prompt)).map((item) => item.id);
  if (known.length === 0) return null;
  const message = `${known.length} calibration items, or others of their prompts, are kept for evaluation`;
  return refuse('held_out_items', message, { items: known });
}

function otherStratum(items: readonly CalibrationItem[], { scope }: CertifyRequest): Refusal | null {
  const others = items.filter((item) => item.stratum !== scope.stratum).map((item) => item.id);
  if (others.length === 0) return null;
  const message = `${others.length} items are not of the stratum ${scope.stratum}`;
  return refuse('stratum_mismatch', message, { items: others });
}

function otherJudges(items: readonly CalibrationItem[], { stages }: CertifyRequest): Refusal | null {
  const keys = stages.map((stage) => stage.judge.id);
  const others = items
    .filter(
      ({ answers }) =>
        answers.length !== keys.length ||
        answers.some((answer, i) => answer !== null && answer.judge !== keys[i]),
    )
    .map((item) => item.id);
  if (others.length === 0) return null;
  const message = `${others.length} items were judged under other judge keys than ${keys.join(', ')}`;
  return refuse('judge_key_mismatch', message, { items: others });
}

function missingNumbers(items: readonly CalibrationItem[]): Refusal | null {
  const missing = items
    .filter(({ answers, lengthLogRatio }) =>
      [
        lengthLogRatio,
        ...answers.flatMap((answer) => {
          if (answer === null) return [];
          return [...Object.values(answer.logProbabilities), answer.orderGap ?? 0, answer.labelMass ?? 1];
        }),
      ].some((value) => !Number.isFinite(value)),
    )
    .map((item) => item.id);
  if (missing.length === 0) return null;
  const message = `${missing.length} items lack log-probabilities`;
  return refuse('missing_log_probabilities', message, { items: missing });
}

function oneClass(items: readonly CalibrationItem[]): Refusal | null {
  const [first] = items;
  if (first === undefined || items.length === 1) return null;
  if (items.some((item) => item.reference !== first.reference)) return null;
  const message =
    `the reference says "${first.reference}" for every item, so that position can not be told from quality; ` +
    `give the candidates in random order`;
  return refuse('one_class_only', message);
}
