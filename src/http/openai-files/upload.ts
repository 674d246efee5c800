import type { FileStore, StoredFile } from '../../contracts/files.ts';
import { GatewayError } from '../../domain/errors.ts';
import { parseUploadFields, renderFile } from '../../wire/file.ts';
import { bodyChunks } from '../body-lines.ts';
import type { GatewayDeps } from '../deps.ts';
import type { Exchange } from '../exchange.ts';
import type { TeamHandler } from '../handler.ts';
import { checkBodyHeaders, dropRest } from '../json-body.ts';
import { sendJson, sendProblems } from '../reply.ts';
import { boundaryOf, type FormEvent, readFormData } from './form-data.ts';

/** Bytes of a piece: what an upload holds in memory, and a row of the database. */
const PIECE_BYTES = 1024 * 1024;
const LONGEST_FIELD = 1024;
const LONGEST_NAME = 255;
/** Silence after which a body counts as broken off. */
const IDLE_MS = 30_000;
const BODY_MS = 3_600_000;
const MOST_UPLOADS = 8;
const DAY_SECONDS = 86_400;

/** `POST /v1/files`: the file goes to the database in pieces, as it comes; the answer says that all of it is kept. */
export function createUploadHandler(deps: GatewayDeps, files: FileStore): TeamHandler {
  let uploads = 0;
  return async (exchange, { team }) => {
    if (uploads >= MOST_UPLOADS) {
      exchange.request.resume();
      throw new GatewayError('overloaded', `${MOST_UPLOADS} files are coming in already`);
    }
    uploads += 1;
    try {
      await receive(exchange, { ...deps, files, team });
    } finally {
      uploads -= 1;
    }
  };
}

type Means = GatewayDeps & { readonly files: FileStore; readonly team: string };

async function receive(exchange: Exchange, means: Means): Promise<void> {
  const { files, team, random, limits, clock } = means;
  const boundary = boundaryOf(exchange.request.headers['content-type']);
  checkBodyHeaders(exchange, limits.jobBytes, {
    name: 'multipart/form-data with a boundary',
    accepts: () => boundary !== null,
  });
  exchange.allowBody(BODY_MS);
  const id = random.id('file-');
  const rules = { limitBytes: limits.jobBytes, idleMs: IDLE_MS, clock, digest: () => undefined };
  await files.open(id, team);
  let isKept = false;
  try {
    const form = readFormData(bodyChunks(exchange, rules), boundary ?? '');
    const file = await keep(exchange, id, await readUpload(form, new PieceWriter(id, files)), means);
    isKept = file !== null;
    if (file !== null) sendJson(exchange, 200, renderFile(file));
  } finally {
    if (!exchange.request.complete) dropRest(exchange.request);
    if (!isKept) await files.abandon(id);
  }
}

interface Upload {
  readonly fields: Readonly<Record<string, string>>;
  /** Null when the form has no file. */
  readonly filename: string | null;
  readonly bytes: number;
}

/** Null when the fields were refused; that is answered then. */
async function keep(
  exchange: Exchange,
  id: string,
  { fields, filename, bytes }: Upload,
  { files, limits }: Means,
): Promise<StoredFile | null> {
  const parsed = parseUploadFields(fields);
  if (!parsed.ok) {
    sendProblems(exchange, parsed.problems);
    return null;
  }
  if (filename === null) {
    throw new GatewayError('invalid_request', 'file is required, as a part with a filename', {
      param: 'file',
    });
  }
  const { purpose, lifetimeSeconds } = parsed.value;
  const most = limits.retentionDays * DAY_SECONDS;
  const facts = { filename, purpose, bytes, lifetimeSeconds: Math.min(lifetimeSeconds ?? most, most) };
  return files.complete(id, facts);
}

async function readUpload(form: AsyncIterable<FormEvent>, pieces: PieceWriter): Promise<Upload> {
  const fields = new Map<string, string>();
  let filename: string | null = null;
  let field: string | null = null;
  for await (const event of form) {
    if (event.type === 'part') {
      const isFile = event.name === 'file';
      if (isFile && filename !== null) throw new GatewayError('invalid_request', 'the form has two files');
      if (isFile) filename = (event.filename ?? 'file').slice(0, LONGEST_NAME);
      field = isFile ? null : event.name;
      if (field !== null) fields.set(field, '');
    } else if (field === null) await pieces.add(event.bytes);
    else {
      const text = (fields.get(field) ?? '') + event.bytes.toString('utf8');
      if (text.length > LONGEST_FIELD) {
        throw new GatewayError(
          'invalid_request',
          `a field of the form has at most ${LONGEST_FIELD} characters`,
        );
      }
      fields.set(field, text);
    }
    if (fields.size > MOST_FIELDS) throw new GatewayError('invalid_request', 'the form has too many fields');
  }
  return { fields: Object.fromEntries(fields), filename, bytes: await pieces.finish() };
}

const MOST_FIELDS = 16;

/** Gathers bytes into pieces, and waits for the database before it takes more. */
class PieceWriter {
  readonly #id: string;
  readonly #files: Pick<FileStore, 'addPiece'>;
  #parts: Buffer[] = [];
  #size = 0;
  #no = 0;
  #total = 0;

  constructor(id: string, files: Pick<FileStore, 'addPiece'>) {
    this.#id = id;
    this.#files = files;
  }

  async add(bytes: Buffer): Promise<void> {
    this.#parts.push(bytes);
    this.#size += bytes.length;
    if (this.#size >= PIECE_BYTES) await this.#put();
  }

  /** The number of all bytes. */
  async finish(): Promise<number> {
    if (this.#size > 0) await this.#put();
    return this.#total;
  }

  async #put(): Promise<void> {
    await this.#files.addPiece(this.#id, this.#no, Buffer.concat(this.#parts));
    this.#total += this.#size;
    this.#no += 1;
    this.#parts = [];
    this.#size = 0;
  }
}
