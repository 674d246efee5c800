/** The world as the command line sees it; `main.ts` fills it from the process. */
export interface CliIo {
  /** What the command was asked for: tables, URLs, JSON. */
  readonly stdout: TextOutput;
  /** Progress and errors. */
  readonly stderr: TextOutput;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Registers for SIGINT and SIGTERM; the function returned takes it back. */
  onInterrupt(callback: () => void): () => void;
  /** The same for SIGHUP; absent where there is no such signal. */
  onReload?(callback: () => void): () => void;
}

/** The part of a Node output stream that is used here. */
export interface TextOutput {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  /** Width in characters; undefined when it is no terminal. */
  readonly columns?: number | undefined;
}

/** Resolves at the first interrupt. */
export async function interrupted(io: CliIo): Promise<void> {
  await new Promise<void>((resolve) => {
    const release = io.onInterrupt(() => {
      release();
      resolve();
    });
  });
}
