import { GatewayError } from '../../domain/errors.ts';

/** What comes out of a `multipart/form-data` body (RFC 7578), in order: a part's head, then its bytes. */
export type FormEvent =
  | { readonly type: 'part'; readonly name: string; readonly filename: string | null }
  | { readonly type: 'bytes'; readonly bytes: Buffer };

/** The boundary that a content type names; null when it is no form. */
export function boundaryOf(contentType: string | undefined): string | null {
  if (!/^multipart\/form-data\s*;/i.test(contentType ?? '')) return null;
  const found = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;,"]{1,70}))/i.exec(contentType ?? '');
  return found?.[1] ?? found?.[2] ?? null;
}

type Place = 'preamble' | 'boundary' | 'head' | 'content' | 'over';

/** What one look at the bytes that are there gave; null when more must come first. */
type Look = { readonly place: Place; readonly rest: Buffer; readonly event?: FormEvent } | null;

/**
 * Reads a form as it comes. Beside the piece that just came it holds a head, or the length of a boundary.
 * Throws `invalid_request` for what is no form, or is one without an end.
 */
export async function* readFormData(
  chunks: AsyncIterable<Buffer>,
  boundary: string,
): AsyncGenerator<FormEvent, void> {
  const delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
  let place: Place = 'preamble';
  // The first boundary has no line before it that it would end.
  let rest: Buffer = Buffer.from('\r\n');
  for await (const chunk of chunks) {
    if (place === 'over') continue;
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (let look = lookAt(place, rest, delimiter); look !== null; look = lookAt(place, rest, delimiter)) {
      ({ place, rest } = look);
      if (look.event !== undefined) yield look.event;
    }
  }
  if (place !== 'over') throw broken('ends before its last boundary');
}

function lookAt(place: Place, rest: Buffer, delimiter: Buffer): Look {
  switch (place) {
    case 'preamble':
    case 'content':
      return content(place, rest, delimiter);
    case 'boundary':
      return afterBoundary(rest);
    case 'head':
      return head(rest);
    case 'over':
      return null;
  }
}

/** All bytes that cannot be the begin of a boundary. */
function content(place: 'preamble' | 'content', rest: Buffer, delimiter: Buffer): Look {
  const at = rest.indexOf(delimiter);
  const end = at === -1 ? rest.length - delimiter.length + 1 : at;
  if (at === -1 && end <= 0) return null;
  const next: { place: Place; rest: Buffer } =
    at === -1
      ? { place, rest: rest.subarray(end) }
      : { place: 'boundary', rest: rest.subarray(at + delimiter.length) };
  if (place === 'preamble' || end === 0) return next;
  return { ...next, event: { type: 'bytes', bytes: rest.subarray(0, end) } };
}

function afterBoundary(rest: Buffer): Look {
  if (rest.length < 2) return null;
  const two = rest.toString('latin1', 0, 2);
  if (two === '--') return { place: 'over', rest: Buffer.alloc(0) };
  if (two === '\r\n') return { place: 'head', rest: rest.subarray(2) };
  throw broken('has a boundary that is not on a line of its own');
}

const LONGEST_HEAD = 16 * 1024;
const HEAD_END = '\r\n\r\n';

function head(rest: Buffer): Look {
  const end = rest.indexOf(HEAD_END, 0, 'latin1');
  if (end === -1 ? rest.length > LONGEST_HEAD : end > LONGEST_HEAD)
    throw broken('has a head that is too long');
  if (end === -1) return null;
  const lines = rest.toString('utf8', 0, end).split('\r\n');
  const disposition = lines.find((line) => /^content-disposition\s*:/i.test(line)) ?? '';
  const name = parameterOf(disposition, 'name');
  if (name === null) throw broken('has a part without a name');
  const event = { type: 'part' as const, name, filename: parameterOf(disposition, 'filename') };
  return { place: 'content', rest: rest.subarray(end + HEAD_END.length), event };
}

/** A quoted parameter of a header; clients write quotes in names as %22 or with a backslash. */
function parameterOf(header: string, name: string): string | null {
  const found = new RegExp(`;\\s*${name}="((?:[^"\\\\]|\\\\.)*)"`, 'i').exec(header);
  const text = found?.[1];
  return text === undefined ? null : text.replaceAll(/\\(.)/g, '$1').replaceAll('%22', '"');
}

function broken(what: string): GatewayError {
  return new GatewayError('invalid_request', `the form ${what}`);
}
