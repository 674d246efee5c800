import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runHelm } from '../helm/helm.ts';
import { CHART, GOLDEN, ROOT, shorten, templateArguments, valueSets } from '../helm/value-sets.ts';

const SIMULATED = join(CHART, 'examples/simulated.yaml');

/** Where `--set` would read the value otherwise than meant. */
const FLAGS: Readonly<Record<string, string>> = {
  'replicas=two': '--set-string',
  'config.admin={}': '--set-json',
};

/** [what, values set on top of the simulated example, what helm says] */
const REFUSED: readonly (readonly [string, string, RegExp])[] = [
  ['an unknown key', 'replcas=2', /replcas/],
  ['a wrong type', 'replicas=two', /replicas/],
  ['an unknown key of the configuration', 'config.servre.x=1', /servre/],
  ['a section that the chart makes', 'config.storage.kind=none', /storage/],
  ['a wrong price', 'engines.small.cost.inputPerMtokUsd=-1', /cost/],
  ['an engine of an unknown kind', 'engines.small.kind=ollama', /kind/],
  ['nothing to judge with', 'config.judges=null', /config\.judges: needs at least one/],
  ['a judge without engine', 'config.judges.quick.engine=smal', /no engine "smal"/],
  ['a tier without judge', 'config.policies.default.tiers={slow}', /no judge "slow"/],
  ['an open door', 'config.server.allowAnonymous=false', /config\.teams: whoever reaches/],
  ['an admin API without keys', 'config.admin={}', /config\.admin\.keys/],
  ['several gateways on an embedded database', 'storage.kind=embedded', /serves one gateway/],
  ['PostgreSQL without an address', 'storage.kind=postgres', /exactly one of url, existingSecret/],
  ['PostgreSQL that is not used', 'storage.postgres.existingSecret=x', /storage\.kind: is none/],
  [
    'a database without a password',
    'storage.kind=postgres,storage.postgres.bundled.enabled=true',
    /bundled\.existingSecret/,
  ],
  ['two kinds of Redis', 'redis.url=redis://r:6379,redis.bundled.enabled=true', /exclude each other/],
  ['a password without Redis', 'redis.existingSecret=x', /redis\.url: existingSecret/],
  ['a password in an address', 'redis.url=redis://u:p@r:6379', /redis/],
  ['two scalers', 'autoscaling.enabled=true,keda.enabled=true', /keep one/],
  ['too few at most', 'autoscaling.enabled=true,autoscaling.maxReplicas=1', /less than minReplicas/],
  ['a share of nothing', 'autoscaling.enabled=true,resources.requests=null', /resources\.requests\.cpu/],
  ['KEDA without Prometheus', 'keda.enabled=true', /keda\.prometheusAddress/],
  ['a drain that is cut off', 'config.server.drainMs=60000', /takes up to 80 s/],
  ['a monitor of nothing', 'metrics.enabled=false,metrics.serviceMonitor.enabled=true', /nothing to scrape/],
  ['two monitors', 'metrics.podMonitor.enabled=true,metrics.serviceMonitor.enabled=true', /twice/],
  ['an ingress to nowhere', 'ingress.enabled=true', /ingress\.hosts/],
  ['a route of nobody', 'httpRoute.enabled=true', /httpRoute\.parentRefs/],
  ['a Redis that policies hide', 'redis.url=redis://r:6379', /networkPolicy\.egress: is empty.*redis\.url/],
  ['an engine without GPU', 'engines.small.kind=vllm', /engines\.small\.gpu\.count/],
  [
    'a Triton of unknown tensors',
    'engines.small.kind=triton,engines.small.gpu.count=1',
    /small\.backend[\s\S]*existingClaim/,
  ],
  [
    'more shards than GPUs',
    'engines.small.kind=vllm,engines.small.gpu.count=1,engines.small.tensorParallel=2',
    /do not fit/,
  ],
  [
    'one claim for many',
    'engines.large.kind=vllm,engines.large.gpu.count=1,engines.large.replicas=2,engines.large.modelCache.size=9Gi',
    /ReadWriteMany/,
  ],
  [
    'a name of the chart',
    'engines.redis.kind=simulated,engines.redis.model=x,engines.redis.cost.gpuHourUsd=1',
    /belongs to a part/,
  ],
];

describe.each(['helm3', 'helm4'] as const)('the chart with %s', (helm) => {
  it.each([...valueSets()])('is linted and renders as committed: %s', (name, file) => {
    const lint = runHelm(helm, ['lint', '--strict', CHART, '--values', file]);
    expect([lint.ok, lint.stdout + lint.stderr]).toEqual([
      true,
      expect.stringContaining('0 chart(s) failed'),
    ]);
    const render = runHelm(helm, templateArguments(file));
    expect(render.stderr).toBe('');
    expect(shorten(render.stdout)).toBe(readFileSync(join(GOLDEN, `${name}.yaml`), 'utf8'));
  });

  it.each(REFUSED)('refuses %s', (_, set, says) => {
    const flag = FLAGS[set] ?? '--set';
    const { ok, stderr } = runHelm(helm, [...templateArguments(SIMULATED), flag, set]);
    expect(ok).toBe(false);
    expect(stderr).toMatch(says);
  });

  it('tells all that is wrong at once when nothing is given', () => {
    const { ok, stderr } = runHelm(helm, ['template', 'assay', CHART]);
    expect(ok).toBe(false);
    for (const key of ['engines', 'judges', 'policies', 'teams'])
      expect(stderr).toContain(`- config.${key}: `);
  });

  it('packages without the examples', () => {
    const { ok } = runHelm(helm, ['package', CHART, '--destination', join(ROOT, 'node_modules/.cache')]);
    expect(ok).toBe(true);
  });
});
