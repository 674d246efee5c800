import { generateKeyPairSync } from 'node:crypto';
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cli, jsonLines, temporaryFolder } from '../../fakes/cli-runner.ts';

const JUDGE = { engine: 'large-vllm', model: 'big', precision: 'awq', fingerprint: 'vllm-0.30' };

function verdict(id: string, judge: string): object {
  return {
    id: `vrd_${id}`,
    item_id: id,
    outcome: 'ok',
    label: 'a',
    probabilities: { a: 0.75, b: 0.25, tie: 0 },
    confidence: 0.75,
    tier: 'large',
    certificate: 'crt_1',
    cost: { usd: 0.25 },
    flags: [],
    trail: [{ judge, prompt: 'preference/label@1', ...JUDGE }],
    error: null,
  };
}

function keys() {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    secret: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    open: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

/** An export of two items with a signed manifest. */
async function signedExport() {
  const own = keys();
  const at = temporaryFolder({
    'i.jsonl': jsonLines(['x', 'y'].map((id) => ({ id, prompt: 'Hi', candidates: ['one', 'two'] }))),
    'v.jsonl': jsonLines([verdict('x', 'quick'), verdict('y', 'strict')]),
    'key.pem': own.secret,
    'own.pem': own.open,
    'other.pem': keys().open,
  });
  const files = [at('i.jsonl'), at('v.jsonl'), '-o', at('o.jsonl')];
  const { code } = await cli(['export', ...files, '--sign', at('key.pem')]);
  expect(code).toBe(0);
  return at;
}

describe('the manifest of an export', () => {
  it('names files, judges, certificates and cost', async () => {
    const at = await signedExport();
    expect(JSON.parse(readFileSync(at('o.jsonl.manifest.json'), 'utf8'))).toMatchObject({
      version: 1,
      made: { shape: 'preference', ties: 'drop', task: 'preference' },
      counts: { items: 2, exported: 2, rows: 2, left_out: {} },
      judges: [
        { judge: 'quick', prompt: 'preference/label@1', ...JUDGE },
        { judge: 'strict', prompt: 'preference/label@1', ...JUDGE },
      ],
      certificates: ['crt_1'],
      cost_usd: 0.5,
      files: [
        { name: 'o.jsonl', role: 'output', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
        { name: 'o.jsonl.left-out.jsonl', role: 'left_out', bytes: 0 },
        { name: 'i.jsonl', role: 'items' },
        { name: 'v.jsonl', role: 'verdicts' },
      ],
    });
  });

  it('is verified with the key that signed it', async () => {
    const at = await signedExport();
    const { code, stdout } = await cli([
      'verify',
      at('o.jsonl.manifest.json'),
      '--public-key',
      at('own.pem'),
    ]);
    expect(code).toBe(0);
    expect(stdout).toContain('signature: valid');
  });

  it('is not verified with another key, a changed file, a missing one or a changed word', async () => {
    const at = await signedExport();
    const manifest = at('o.jsonl.manifest.json');
    const foreign = await cli(['verify', manifest, '--public-key', at('other.pem')]);
    expect([foreign.code, foreign.stdout.includes('signature: foreign')]).toEqual([1, true]);
    appendFileSync(at('o.jsonl'), '\n');
    rmSync(at('v.jsonl'));
    const changed = await cli(['verify', manifest, '--json']);
    expect(changed.code).toBe(1);
    expect(JSON.parse(changed.stdout)).toMatchObject({
      files: [
        { name: 'o.jsonl', state: 'changed' },
        { name: 'o.jsonl.left-out.jsonl', state: 'same' },
        { name: 'i.jsonl', state: 'same' },
        { name: 'v.jsonl', state: 'missing' },
      ],
      signature: 'valid',
    });
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('"cost_usd": 0.5', '"cost_usd": 0.4'));
    const forged = await cli(['verify', manifest]);
    expect([forged.code, forged.stdout.includes('signature: invalid')]).toEqual([1, true]);
  });

  it('is not taken for signed when it is not, where a key is asked for', async () => {
    const at = await signedExport();
    const files = [at('i.jsonl'), at('v.jsonl'), '-o', at('plain.jsonl')];
    await cli(['export', ...files, '--manifest']);
    const manifest = at('plain.jsonl.manifest.json');
    expect((await cli(['verify', manifest])).code).toBe(0);
    expect((await cli(['verify', manifest, '--public-key', at('own.pem')])).code).toBe(1);
  });

  it('refuses a key of another kind before anything is written', async () => {
    const at = await signedExport();
    const files = [at('i.jsonl'), at('v.jsonl'), '-o', at('p.jsonl')];
    const { code, stderr } = await cli(['export', ...files, '--sign', at('i.jsonl')]);
    expect(code).toBe(2);
    expect(stderr).toContain('is no key in PEM');
  });
});
