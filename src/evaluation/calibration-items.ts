import type { CalibrationItem, CertifyRequest, Stage } from '../contracts/certificate.ts';
import type { CalibrationTask, JudgedItem, Opinion } from '../contracts/evaluation.ts';
import { type JudgeKey, judgeKeyOf } from '../domain/judge-key.ts';
import { type Judgment, judgmentOf } from '../domain/judgment.ts';
import { lengthLogRatioOf, signalsOf } from '../domain/signals.ts';
import { referenceOf } from './answer.ts';

/** Judged items as `certify` takes them, with the request. Items without a reference label are left out. */
export function calibrationOf(
  items: readonly JudgedItem[],
  task: CalibrationTask,
  /** Of which they are a part: tells the judge keys also where a small part lacks a judge. */
  whole: readonly JudgedItem[] = items,
): { readonly items: readonly CalibrationItem[]; readonly request: CertifyRequest } {
  const steps = task.small.flatMap((judge) => stepsOf(whole, judge));
  const calibration = items.flatMap((item): CalibrationItem[] => {
    const reference = referenceOf(item, task.reference);
    if (reference === null) return [];
    return [
      {
        id: item.id,
        prompt: item.group,
        lengthLogRatio: item.item === null ? 0 : lengthLogRatioOf(item.item),
        answers: steps.map((step) => signalsAt(step, item)),
        reference,
        stratum: task.stratum,
      },
    ];
  });
  const { team, policy, agreement, confidence, risk, train, minimumCoverage, seed, createdAt } = task;
  const reference = task.reference.type === 'gold' ? 'human' : keyOfJudge(whole, task.reference.name);
  return {
    items: calibration,
    request: {
      scope: { team, policy, task: 'preference', stratum: task.stratum, reference },
      stages: steps.map(({ tier, judge }) => ({ tier, judge })),
      target: { agreement, confidence },
      sharedBy: task.sharedBy,
      risk,
      minimumCoverage,
      training: train > 0 ? { kind: 'split', share: train } : { kind: 'none' },
      heldOut: task.heldOut.map((prompt) => ({ id: `held-out ${prompt}`, prompt })),
      seed,
      createdAt,
    },
  };
}

/** One step of the chain over recorded judgments. */
interface Step extends Stage {
  readonly orders: 'one' | 'both';
}

/**
 * A judge whose two orders are known is asked in one order first, as a policy does; one of which only the
 * average or a single order is known is one step.
 */
function stepsOf(items: readonly JudgedItem[], tier: string): Step[] {
  const opinions = items.flatMap((item) => item.opinions.get(tier) ?? []);
  const key = keyOfJudge(items, tier);
  const whole: Step = { tier, judge: key, orders: 'both' };
  const isPair = opinions.every((opinion) => opinion.judgment.readings.length === 2);
  return isPair ? [{ tier, judge: inOneOrder(key), orders: 'one' }, whole] : [whole];
}

function inOneOrder({ parts }: JudgeKey): JudgeKey {
  return judgeKeyOf({ ...parts, orders: 'one' });
}

/** Key of the first judgment; `certify` refuses when another item has another one. */
function keyOfJudge(items: readonly JudgedItem[], judge: string): JudgeKey {
  const first = items.find((item) => item.opinions.has(judge))?.opinions.get(judge);
  if (first === undefined) throw new RangeError(`nothing was judged by "${judge}"`);
  return first.judgment.key;
}

function signalsAt({ tier, orders }: Step, item: JudgedItem): CalibrationItem['answers'][number] {
  const opinion = item.opinions.get(tier);
  if (opinion === undefined) return null;
  const judgment = orders === 'both' ? opinion.judgment : firstOrder(opinion);
  return signalsOf(judgment, judgment.key.id);
}

function firstOrder({ judgment }: Opinion): Judgment {
  return judgmentOf(judgment.readings.slice(0, 1), inOneOrder(judgment.key));
}
