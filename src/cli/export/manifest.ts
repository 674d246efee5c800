import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { usageError } from '../exit.ts';
import { canonicalJson } from '../label/canonical.ts';
import { digestOfFile } from './sink.ts';
import type { JudgeFacts, ReadVerdict } from './verdicts.ts';

/**
 * What stands beside an export for whoever trains on it later: which files, made of which, labelled by whom,
 * at what price; optionally signed (Ed25519, RFC 8032) over its canonical JSON without the signature.
 */
const fileSchema = z.object({
  name: z.string().min(1),
  role: z.enum(['output', 'left_out', 'items', 'verdicts']),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.int().min(0),
});

const manifestSchema = z.looseObject({
  version: z.literal(1),
  files: z.array(fileSchema).min(1),
  public_key: z.string().nullable(),
  signature: z.string().nullable(),
});

export type ManifestFile = z.output<typeof fileSchema>;
export type Manifest = z.output<typeof manifestSchema>;

/** Files by their names alone: whoever checks them has them beside the manifest. */
export async function describeFiles(
  files: readonly { readonly path: string; readonly role: ManifestFile['role'] }[],
): Promise<ManifestFile[]> {
  return Promise.all(
    files.map(async ({ path, role }) => ({
      name: basename(path),
      role,
      sha256: await digestOfFile(path),
      bytes: statSync(path).size,
    })),
  );
}

/** Who labelled and what it cost, over all verdicts that were read, those without a label too. */
export function labelFacts(verdicts: ReadonlyMap<string, ReadVerdict>) {
  const all = [...verdicts.values()];
  const judges = new Set<JudgeFacts>(all.flatMap((verdict) => verdict.judges));
  const samplings = new Set(all.flatMap(({ sample }) => sample ?? []));
  const certificates = new Set(all.flatMap(({ certificate }) => certificate ?? []));
  return {
    judges: [...judges],
    certificates: [...certificates].toSorted(),
    samplings: [...samplings].toSorted(),
    cost_usd: all.reduce((sum, { cost }) => sum + cost.usd, 0),
  };
}

/** The manifest as text; signed when there is a key. */
export function renderManifest(facts: Readonly<Record<string, unknown>>, key: KeyObject | null): string {
  const publicKey =
    key === null ? null : createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();
  const body = { version: 1, ...facts, public_key: publicKey };
  const signature = key === null ? null : sign(null, bytesOf(body), key).toString('base64');
  return `${JSON.stringify({ ...body, signature }, null, 2)}\n`;
}

/** Reads an Ed25519 private key (PEM). */
export function readSigningKey(path: string): KeyObject {
  return ed25519(path, () => createPrivateKey(readFileSync(path)));
}

/** Reads an Ed25519 public key (PEM). */
export function readPublicKey(path: string): KeyObject {
  return ed25519(path, () => createPublicKey(readFileSync(path)));
}

function ed25519(path: string, read: () => KeyObject): KeyObject {
  let key: KeyObject;
  try {
    key = read();
  } catch {
    throw usageError(`${path}: is no key in PEM; make one with: openssl genpkey -algorithm ed25519`);
  }
  if (key.asymmetricKeyType === 'ed25519') return key;
  throw usageError(`${path}: is a key of type ${key.asymmetricKeyType}, not ed25519`);
}

/** Signatures are over this: JSON with sorted keys and without spaces, in UTF-8. */
function bytesOf(body: Readonly<Record<string, unknown>>): Buffer {
  const text = canonicalJson(body);
  if (text === null) throw usageError('the manifest is nested too deep');
  return Buffer.from(text);
}

export function readManifest(path: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    throw usageError(`${path}: is no JSON file`);
  }
  const read = manifestSchema.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw usageError(`${path}: is no manifest: ${issue?.path.join('.')} ${issue?.message}`);
}

export interface ManifestCheck {
  readonly files: readonly { readonly name: string; readonly state: 'same' | 'changed' | 'missing' }[];
  /** `foreign`: another key than the one that was expected signed it. */
  readonly signature: 'none' | 'valid' | 'invalid' | 'foreign';
  /** First 16 hex digits of the SHA-256 of the key that signed; null without one. */
  readonly signedBy: string | null;
}

/** Checks the files beside a manifest and its signature. `expected` is the key that should have signed. */
export async function checkManifest(path: string, expected: KeyObject | null): Promise<ManifestCheck> {
  const manifest = readManifest(path);
  const files = await Promise.all(
    manifest.files.map(async ({ name, sha256 }) => ({
      name,
      state: await stateOf(join(dirname(path), basename(name)), sha256),
    })),
  );
  return { files, ...signatureOf(manifest, expected) };
}

async function stateOf(path: string, sha256: string): Promise<'same' | 'changed' | 'missing'> {
  try {
    return (await digestOfFile(path)) === sha256 ? 'same' : 'changed';
  } catch {
    return 'missing';
  }
}

function signatureOf(
  manifest: Manifest,
  expected: KeyObject | null,
): Pick<ManifestCheck, 'signature' | 'signedBy'> {
  const { signature, ...body } = manifest;
  if (signature === null || body.public_key === null) return { signature: 'none', signedBy: null };
  let key: KeyObject;
  try {
    key = createPublicKey(body.public_key);
  } catch {
    return { signature: 'invalid', signedBy: null };
  }
  const signedBy = createHash('sha256').update(body.public_key).digest('hex').slice(0, 16);
  if (key.asymmetricKeyType !== 'ed25519') return { signature: 'invalid', signedBy };
  if (!verify(null, bytesOf(body), key, Buffer.from(signature, 'base64'))) {
    return { signature: 'invalid', signedBy };
  }
  const isForeign = expected !== null && !expected.equals(key);
  return { signature: isForeign ? 'foreign' : 'valid', signedBy };
}
