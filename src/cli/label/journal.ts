import { closeSync, fstatSync, ftruncateSync, openSync, rmSync, writeSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type Place, Places } from './places.ts';
import { replaceFile } from './replace-file.ts';
import { movedRow, type OutputRow, parseRow } from './row.ts';

/**
 * The output while it grows: one whole line per write, in the order of completion, so that a process
 * killed at any instant loses no row that was judged. `finish` puts the rows into the input's order.
 */
export class Journal {
  readonly path: string;
  readonly places: Places;
  readonly #file: number;
  #end: number;
  #isFinished = false;

  /** Opens or makes the file; `lines` is the number of lines of the input. */
  constructor(path: string, lines: number) {
    this.path = path;
    this.places = new Places(lines);
    this.#file = openSync(path, 'a+');
    this.#end = fstatSync(this.#file).size;
  }

  /** Writes a row; when this returns, only a failure of the machine can lose it. */
  append(row: OutputRow): void {
    const bytes = Buffer.from(`${JSON.stringify(row)}\n`);
    try {
      writeWhole(this.#file, bytes);
    } catch (error) {
      ftruncateSync(this.#file, this.#end);
      throw error;
    }
    this.places.set(row.line, { offset: this.#end, length: bytes.length - 1 });
    this.#end += bytes.length;
  }

  /** Rows in the order of the input, one per line that has one. */
  async *rows(): AsyncGenerator<OutputRow, void> {
    const file = await open(this.path, 'r');
    try {
      for (const [line, place] of this.places.entries()) yield await readRow(file, line, place);
    } finally {
      await file.close();
    }
  }

  /** Replaces the file by one with a row per input line in the input's order; atomic, and on the disk. */
  async finish(visit: (row: OutputRow) => void): Promise<void> {
    const rows = this.rows();
    await replaceFile(this.path, async function* texts() {
      for await (const row of rows) {
        visit(row);
        yield `${JSON.stringify(row)}\n`;
      }
    });
    this.#isFinished = true;
  }

  /** A run that came to nothing leaves no empty file behind. */
  close(): void {
    closeSync(this.#file);
    if (this.#end === 0 && !this.#isFinished) rmSync(this.path, { force: true });
  }
}

function writeWhole(file: number, bytes: Buffer): void {
  let written = 0;
  while (written < bytes.length) written += writeSync(file, bytes, written);
}

async function readRow(file: FileHandle, line: number, { offset, length }: Place): Promise<OutputRow> {
  const { buffer } = await file.read(Buffer.allocUnsafe(length), 0, length, offset);
  const row = parseRow(buffer.toString('utf8'));
  if (row === null) throw new Error(`the row of line ${line} was changed by somebody else`);
  return row.line === line ? row : movedRow(row, line);
}
