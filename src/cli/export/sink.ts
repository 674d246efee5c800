import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { fileWriter, parquetWriteRows } from 'hyparquet-writer';
import { replaceFile } from '../label/replace-file.ts';
import { schemaOf } from './columns.ts';
import type { ExportRow, Shape } from './shapes.ts';

export const FILE_FORMATS = ['jsonl', 'parquet'] as const;
export type FileFormat = (typeof FILE_FORMATS)[number];

/** Rows that are held at once for a Parquet file. */
const ROW_GROUP = 10_000;

export interface Sink {
  readonly path: string;
  readonly file: FileFormat;
  readonly shape: Shape;
  /** Prompts are lists of messages. */
  readonly talks: boolean;
  /** Names of the criteria that answers were scored by. */
  readonly criteria: readonly string[];
}

/** Writes all rows and puts the file in its place in one step; a reader finds the old one or the new one. */
export async function writeRows(sink: Sink, rows: AsyncIterable<ExportRow>): Promise<void> {
  if (sink.file === 'parquet') return writeParquet(sink, rows);
  return replaceFile(sink.path, async function* texts() {
    for await (const row of rows) yield `${JSON.stringify(row)}\n`;
  });
}

async function writeParquet(
  { path, shape, talks, criteria }: Sink,
  rows: AsyncIterable<ExportRow>,
): Promise<void> {
  const { schema, names } = schemaOf(shape, talks, criteria);
  const draft = `${path}.part`;
  try {
    await parquetWriteRows({
      writer: fileWriter(draft),
      rows,
      columns: names.map((name) => ({ name })),
      schema,
      rowGroupSize: ROW_GROUP,
      createdBy: 'assay',
    });
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** SHA-256 of a file in hexadecimal. */
export async function digestOfFile(path: string): Promise<string> {
  const digest = createHash('sha256');
  for await (const chunk of createReadStream(path)) digest.update(chunk);
  return digest.digest('hex');
}
