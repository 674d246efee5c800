export interface BudgetTables {
  budget_period: {
    /** Owner, unit and period, such as `team:rm/nanoUsd/day`. */
    account: string;
    /** Its start in milliseconds since 1970. */
    period: number;
    /** Told by holders, and leases of those that went silent. */
    spent: number;
  };
  budget_lease: {
    account: string;
    period: number;
    holder: string;
    /** Not spent yet, as far as it was told. */
    amount: number;
    /** All that the holder told that it spent. */
    used: number;
    until: Date;
  };
}
