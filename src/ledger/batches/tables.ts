import type { ColumnType } from 'kysely';
import type { LineProblem, LineUsage } from '../../contracts/batches.ts';
import type { Instant, InstantOrNull } from '../jobs/tables.ts';

export interface BatchTables {
  batch: BatchTable;
}

/** Written as JSON text. */
type Json<T> = ColumnType<T, string | undefined, string>;

/** What a batch has beside its job, which has the same id. */
interface BatchTable {
  id: string;
  team: string;
  /** Policies that its caller may use; null for all. */
  allowed: ColumnType<string[] | null, string | null, never>;
  endpoint: string;
  input_file_id: string;
  completion_window: string;
  window_seconds: number;
  metadata: ColumnType<Record<string, string> | null, string | null, never>;
  problems: Json<LineProblem[]>;
  usage: Json<LineUsage>;
  output_file_id: string | null;
  error_file_id: string | null;
  created_at: Instant;
  /** Until then somebody reads its file. */
  reader_until: Instant;
  began_at: InstantOrNull;
  cancelling_at: InstantOrNull;
  /** It failed, or was cancelled, before its lines were begun with: its job is gone. */
  ended_early_at: InstantOrNull;
}
