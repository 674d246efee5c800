import type { CostTables } from './costs/table.ts';
import type { JobTables } from './jobs/tables.ts';

/** All tables that are asked with typed queries. Each folder of this room declares its own and is named here. */
export interface Tables extends CostTables, JobTables {}
