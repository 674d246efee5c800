/** Structured log. Messages are fixed texts, data goes into fields; prompts and keys never do. */
export interface Logger {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
  /** Writes what was gathered; for the end of the process. */
  flush(): void;
}
