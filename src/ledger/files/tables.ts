import type { Generated } from 'kysely';
import type { Instant, InstantOrNull } from '../jobs/tables.ts';

export interface FileTables {
  file: FileTable;
  file_piece: FilePieceTable;
}

interface FileTable {
  id: string;
  team: string;
  filename: Generated<string>;
  purpose: Generated<string>;
  bytes: Generated<number>;
  /** The batch whose results are its content; null for a file that was sent in, which is kept in pieces. */
  batch_id: string | null;
  /** Nobody sees it before. */
  is_complete: Generated<boolean>;
  created_at: Instant;
  /** The last time that a piece came in. */
  touched_at: Instant;
  /** Null for one that goes with its batch. */
  expires_at: InstantOrNull;
}

interface FilePieceTable {
  file_id: string;
  no: number;
  bytes: Buffer;
}
