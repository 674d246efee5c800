import type { Migration } from 'kysely/migration';
import { verdicts } from './0001-verdicts.ts';
import { evidence } from './0002-evidence.ts';
import { budgets } from './0010-budgets.ts';
import { jobs } from './0020-jobs.ts';
import { files } from './0030-files.ts';
import { teams } from './0040-teams.ts';

/**
 * Every migration by name; they run in the order of their names. One that was released is never changed.
 * Numbers: 0001 verdicts and evidence, 0010 budgets, 0020 jobs, 0030 files and batches,
 * 0040 teams, keys and the audit log.
 */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-verdicts': verdicts,
  '0002-evidence': evidence,
  '0010-budgets': budgets,
  '0020-jobs': jobs,
  '0030-files': files,
  '0040-teams': teams,
};
