import type { BatchTables } from './batches/tables.ts';
import type { BudgetTables } from './budgets/tables.ts';
import type { CostTables } from './costs/table.ts';
import type { FileTables } from './files/tables.ts';
import type { JobTables } from './jobs/tables.ts';
import type { TeamTables } from './teams/tables.ts';

/** All tables that are asked with typed queries. Each folder of this room declares its own and is named here. */
export interface Tables extends BatchTables, BudgetTables, CostTables, FileTables, JobTables, TeamTables {}
