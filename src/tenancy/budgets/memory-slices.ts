import type { SliceStore } from '../../contracts/budgets.ts';
import { grantOf } from '../../domain/slice.ts';

/** Budgets of a gateway that keeps nothing: they count from its start, for it alone, and there is but one holder. */
export function createMemorySlices(): SliceStore {
  return {
    leaseMs: Infinity,
    exchange: async (order) => ({
      granted: grantOf(order, { spent: order.used, elsewhere: 0 }),
      spent: order.used,
      elsewhere: 0,
      isLost: false,
    }),
  };
}
