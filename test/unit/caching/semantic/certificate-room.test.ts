import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { withCertificates } from '../../../../src/compose-certificates.ts';
import { loadConfig } from '../../../../src/config/loader.ts';
import { ConfigError } from '../../../../src/contracts/program.ts';
import { certify } from '../../../../src/routing/certificates/certify.ts';
import { renderCertificate } from '../../../../src/wire/certificate.ts';
import { calibrationItem, certifyRequest, stage } from '../../../fakes/calibration.ts';

const folder = mkdtempSync(join(tmpdir(), 'assay-certificate-room-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A certificate file that proves as much. */
function certificateFile(agreement: number): string {
  const stages = [stage('small')];
  const items = Array.from({ length: 400 }, (_, n) =>
    calibrationItem(stages, {
      id: `i${n}`,
      logOdds: [(n % 2 === 0 ? 1 : -1) * (1 + n / 100)],
      reference: n % 2 === 0 ? 'a' : 'b',
    }),
  );
  const made = certify(items, certifyRequest(stages, { target: { agreement, confidence: 0.9 } }));
  if (!made.ok) throw new Error(made.refusal.message);
  const path = join(folder, `proves-${agreement}.json`);
  writeFileSync(path, JSON.stringify(renderCertificate(made.certificate)));
  return path;
}

/** What is wrong with a policy for 95 % of agreement under this certificate; nothing when it is good. */
function problemsOf(certificate: string, cache: string): string[] {
  const path = join(folder, 'assay.yaml');
  writeFileSync(
    path,
    `
engines:
  small: { kind: openai, replicas: [http://a:1], model: m, cost: { gpuHourUsd: 1 } }
judges:
  quick: { engine: small }
  strict: { engine: small }
policies:
  default: { tiers: [quick, strict], target: { agreement: 0.95 }, certificates: ['${certificate}'], cache: ${cache} }
`,
  );
  const builtInTemplates = join(import.meta.dirname, '../../../../src/judging/templates');
  try {
    withCertificates(path, loadConfig(path, { environment: {}, builtInTemplates }));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ path: place, message }) => `${place}: ${message}`);
  }
  return [];
}

describe('a certificate file beside a cache for similar items', () => {
  it('is refused where it proves too little for both together, and says what to calibrate for', () => {
    const file = certificateFile(0.95);
    expect(problemsOf(file, '{}')).toEqual([]);
    expect(problemsOf(file, '{ semantic: { maxError: 0.02 } }')).toEqual([
      `policies.default.certificates[0]: ${file} proves an agreement of 0.95; with cache.semantic.maxError the policy needs 0.9700: calibrate for that`,
    ]);
  });

  it('is taken where it proves enough for both', () => {
    expect(problemsOf(certificateFile(0.97), '{ semantic: { maxError: 0.02 } }')).toEqual([]);
  });
});
