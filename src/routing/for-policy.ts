import type { Judge } from '../contracts/judge.ts';
import type { AnyJudgment } from '../domain/judgment.ts';

/** The judge as one policy asks it: all that it costs counts against that policy's limits, whoever asks and why. */
export function forPolicy<J extends AnyJudgment>(judge: Judge<J>, policy: string): Judge<J> {
  return {
    name: judge.name,
    judge: (item, question, call) => judge.judge(item, question, { ...call, policy }),
  };
}
