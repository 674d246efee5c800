import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { z } from 'zod';
import { composeCommand } from '../deploy/compose-binary.ts';

const DEPLOY = join(import.meta.dirname, '../../deploy');
const folder = mkdtempSync(join(tmpdir(), 'assay-compose-'));
const filled = join(folder, 'filled.env');
const example = readFileSync(join(DEPLOY, '.env.example'), 'utf8');
writeFileSync(filled, example.replaceAll(/^(\w+_(?:PASSWORD|SECRET))=$/gm, '$1=secret'));
const [command = '', ...words] = composeCommand();

function config(file: string, environment: string, profile: string, ...options: string[]) {
  const from = ['--file', file, '--env-file', environment, '--profile', profile];
  return spawnSync(command, [...words, ...from, 'config', ...options], {
    encoding: 'utf8',
    // Nothing of the caller's environment fills what the file asks for.
    env: { PATH: process.env['PATH'], HOME: folder },
  });
}

afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each([
  ['simulated', ['gateway', 'simulated-large', 'simulated-small']],
  ['gpu', ['gateway-gpu', 'vllm-large', 'vllm-small']],
  ['gpu-triton', ['gateway-gpu-triton', 'triton-large', 'vllm-small']],
])('Docker Compose takes profile %s', (profile, own) => {
  const { status, stdout, stderr } = config(join(DEPLOY, 'compose.yaml'), filled, profile, '--format=json');
  expect([status, stderr]).toEqual([0, '']);
  const { services } = z.object({ services: z.record(z.string(), z.unknown()) }).parse(JSON.parse(stdout));
  const shared = ['grafana', 'postgres', 'prometheus', 'redis'];
  expect(Object.keys(services).toSorted()).toEqual([...own, ...shared].toSorted());
});

it('says which secret is missing, and where it belongs', () => {
  const { status, stderr } = config(join(DEPLOY, 'compose.yaml'), join(DEPLOY, '.env.example'), 'simulated');
  expect(status).not.toBe(0);
  expect(stderr).toMatch(/required variable \w+_PASSWORD is missing a value: set it in deploy\/\.env/);
});

it('would not take a key that it does not know', () => {
  const wrong = join(folder, 'compose.yaml');
  const text = readFileSync(join(DEPLOY, 'compose.yaml'), 'utf8');
  writeFileSync(wrong, text.replace('    image: redis:8', '    imagge: redis:8'));
  const { status, stderr } = config(wrong, filled, 'simulated');
  expect(status).not.toBe(0);
  expect(stderr).toMatch(/additional propert.*imagge/i);
});
