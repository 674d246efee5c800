/** A file of a team, as the OpenAI Files API has it. Instants are milliseconds since 1970 on the database's clock. */
export interface StoredFile {
  readonly id: string;
  readonly team: string;
  readonly filename: string;
  readonly purpose: string;
  readonly bytes: number;
  readonly createdAt: number;
  /** Null for what a batch gave out: it stays as long as the batch. */
  readonly expiresAt: number | null;
}

/** What is known of a file only when all of it is there. */
export interface FileFacts {
  readonly filename: string;
  readonly purpose: string;
  readonly bytes: number;
  /** Seconds from now. */
  readonly lifetimeSeconds: number;
}

export interface FileQuery {
  /** Id of the last file seen. */
  readonly after: string | null;
  readonly limit: number;
  readonly order: 'asc' | 'desc';
  readonly purpose: string | null;
}

export interface FilePage {
  readonly files: readonly StoredFile[];
  readonly hasMore: boolean;
}

/**
 * Where files are kept: in pieces in the database, so that every gateway has them, a killed one leaves no
 * halves, and they go with their retention. Nobody sees a file before it is complete. What a batch gives out
 * is read from the rows of its results: it is kept once.
 */
export interface FileStore {
  open(id: string, team: string): Promise<void>;
  /** Pieces are numbered from 0. Throws `request_timeout` when the file was given up meanwhile. */
  addPiece(id: string, no: number, bytes: Uint8Array): Promise<void>;
  /** Throws `request_timeout` when the file was given up meanwhile. */
  complete(id: string, facts: FileFacts): Promise<StoredFile>;
  /** Removes a file that did not get complete. */
  abandon(id: string): Promise<void>;
  find(team: string, id: string): Promise<StoredFile | null>;
  list(team: string, query: FileQuery): Promise<FilePage>;
  /** False when there is none. */
  remove(team: string, id: string): Promise<boolean>;
  /** The bytes in order, no more than a few megabytes of them at once. */
  content(file: StoredFile): AsyncIterable<Uint8Array>;
  /** Removes what is past its time, and uploads that said nothing for `receivingMs`. */
  sweep(options: { readonly receivingMs: number }): Promise<void>;
}
