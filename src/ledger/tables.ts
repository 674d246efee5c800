import type { JobTables } from './jobs/tables.ts';

/** All tables of the ledger. Each folder of this room declares its own and is named here. */
export interface Tables extends JobTables {}
