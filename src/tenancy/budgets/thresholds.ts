import type { Budget, BudgetOwner } from '../../contracts/budgets.ts';
import type { Logger } from '../../contracts/telemetry.ts';
import type { Account } from './account.ts';

/** Parts of a budget at which people want to know, the largest first. */
const LEVELS = [1, 0.8, 0.5] as const;

/** Says once in a period that half, four fifths, or all of a day's or month's budget is used. */
export function createThresholdWatch(logger: Logger) {
  const told = new WeakMap<Account, number>();
  return {
    look(owner: BudgetOwner, { unit, per, most }: Budget, account: Account): void {
      if (per === 'minute') return;
      const level = LEVELS.find((each) => account.used >= each * most);
      if (level === undefined || level <= (told.get(account) ?? 0)) return;
      told.set(account, level);
      const fields = { owner, unit, per, most, used: account.used, level, resetsAt: account.period.end };
      logger.warn(fields, `${Math.round(level * 100)} % of a budget is used`);
    },
  };
}
