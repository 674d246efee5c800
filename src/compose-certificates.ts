import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { provenTarget } from './compose-evidence.ts';
import type { LoadedConfig } from './config/loader.ts';
import type { Certificate } from './contracts/certificate.ts';
import { ConfigError, type ConfigProblem } from './contracts/program.ts';
import { certificateIdOf } from './routing/certificates/certificate-id.ts';
import { certificateSchema, toCertificate } from './wire/certificate.ts';

/** Reads the certificate files that the policies of `path` name. Throws `ConfigError` with every problem found. */
export function withCertificates(path: string, loaded: LoadedConfig): LoadedConfig {
  const problems: ConfigProblem[] = [];
  const certificates = new Map<string, readonly Certificate[]>();
  for (const [policy, { certificates: files, target, cache }] of Object.entries(loaded.config.policies)) {
    const proven = target === undefined ? 0 : provenTarget(target, cache).agreement;
    const read = files.flatMap((file, index) => {
      const read = readCertificate(resolve(dirname(path), file), policy);
      const result = cache.semantic === undefined ? read : withRoom(read, proven);
      if (typeof result !== 'string') return [result];
      const place = `policies.${policy}.certificates[${index}]`;
      problems.push({ path: place, line: null, column: null, message: `${file} ${result}` });
      return [];
    });
    certificates.set(policy, read);
  }
  if (problems.length > 0) throw new ConfigError(path, problems);
  return { ...loaded, certificates };
}

/** The certificate, unless the labels of similar items would break what it promises. */
function withRoom(read: Certificate | string, proven: number): Certificate | string {
  if (typeof read === 'string' || read.target.agreement > proven - 1e-9) return read;
  return `proves an agreement of ${read.target.agreement}; with cache.semantic.maxError the policy needs ${proven.toFixed(4)}: calibrate for that`;
}

/** The certificate, or what is wrong with the file. */
function readCertificate(file: string, policy: string): Certificate | string {
  let data: unknown;
  try {
    data = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    return error instanceof SyntaxError ? 'is not JSON' : 'cannot be read';
  }
  const body = certificateSchema.safeParse(data);
  if (!body.success) {
    const [issue] = body.error.issues;
    return `is no certificate: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`;
  }
  const certificate = toCertificate(body.data);
  const { id, ...content } = certificate;
  if (certificateIdOf(content) !== id)
    return 'was changed after it was made: its id does not fit its content';
  if (certificate.scope.policy !== policy)
    return `is for the policy "${certificate.scope.policy}", not for this one`;
  return certificate;
}
