import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { find, objects, podOf } from './rendered.ts';
import { valueSets } from './value-sets.ts';

function kinds(name: string): string[] {
  return objects(name).map(({ kind, metadata }) => `${kind} ${metadata.name}`);
}

function gateway(name: string, object = 'assay') {
  return podOf(find(name, 'Deployment', object));
}

function config(name: string): unknown {
  return parse(find(name, 'ConfigMap')?.data['assay.yaml'] ?? '');
}

function container(name: string, object: string) {
  return podOf(find(name, 'Deployment', object) ?? find(name, 'Job', object))?.spec.containers[0];
}

describe('the gateway', () => {
  it('is probed so that only readiness waits for engines', () => {
    expect(container('simulated', 'assay')).toMatchObject({
      args: ['serve', '--config', '/etc/assay/assay.yaml'],
      startupProbe: { httpGet: { path: '/healthz', port: 'http' }, failureThreshold: 60 },
      readinessProbe: { httpGet: { path: '/readyz', port: 'http' } },
      livenessProbe: { httpGet: { path: '/healthz', port: 'http' } },
    });
  });

  it.each([...valueSets().keys()])('of %s has more time to end than its drain takes', (name) => {
    const deployment = objects(name).find(
      ({ kind, metadata }) =>
        kind === 'Deployment' && metadata.labels['app.kubernetes.io/component'] === 'gateway',
    );
    const text = objects(name).find(({ data }) => data['assay.yaml'] !== undefined)?.data['assay.yaml'];
    const { server } = parse(text ?? '');
    const drain = server.lookAwayMs + (server.drainMs ?? 30_000) + 15_000;
    expect((podOf(deployment)?.spec.terminationGracePeriodSeconds ?? 0) * 1_000).toBeGreaterThanOrEqual(
      drain,
    );
  });

  it('gets a service account token only where engines are found by the API', () => {
    expect(gateway('simulated')?.spec).toMatchObject({ automountServiceAccountToken: true });
    expect(gateway('own-engines')?.spec).toMatchObject({ automountServiceAccountToken: false });
    expect(kinds('own-engines').filter((one) => one.startsWith('Role'))).toEqual([]);
  });

  it('may list and watch endpointslices, in the namespaces of its engines alone', () => {
    const role = objects('production').find(({ kind }) => kind === 'Role');
    expect(role).toMatchObject({
      metadata: { name: 'assay-judges', namespace: 'models' },
      rules: [{ apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] }],
    });
    expect(objects('production').filter(({ kind }) => kind === 'Role')).toHaveLength(1);
  });

  it('rolls when its configuration changes', () => {
    const sums = ['simulated', 'embedded', 'files'].map(
      (name) => gateway(name)?.metadata.annotations['checksum/config'],
    );
    expect(new Set(sums).size).toBe(3);
    expect(sums[0]).toMatch(/^[0-9a-f]{64}$/);
  });

  it('keeps an embedded database in a claim that uninstalling leaves, and never runs twice on it', () => {
    expect(find('embedded', 'PersistentVolumeClaim', 'assay-data')?.metadata.annotations).toEqual({
      'helm.sh/resource-policy': 'keep',
    });
    expect(find('embedded', 'Deployment')?.spec).toMatchObject({
      replicas: 1,
      strategy: { type: 'Recreate' },
    });
    expect(config('embedded')).toMatchObject({
      storage: { kind: 'embedded', directory: '/var/lib/assay', retentionDays: 90 },
    });
    expect(kinds('own-claim').some((one) => one.startsWith('PersistentVolumeClaim'))).toBe(false);
    expect(gateway('own-claim')?.spec).toMatchObject({
      volumes: [{}, {}, { name: 'data', persistentVolumeClaim: { claimName: 'my-claim' } }],
    });
  });

  it('is placed as said', () => {
    const pod = gateway('placement');
    expect(pod?.metadata.annotations).toMatchObject({ team: 'alignment' });
    expect(pod?.metadata.labels).toMatchObject({ 'cost-centre': '7' });
    expect(pod?.spec).toMatchObject({
      nodeSelector: { pool: 'cpu' },
      tolerations: [{ key: 'cpu', operator: 'Exists' }],
      priorityClassName: 'high',
      topologySpreadConstraints: [{ topologyKey: 'rack', whenUnsatisfiable: 'DoNotSchedule' }],
    });
    expect(find('placement', 'PodDisruptionBudget')?.spec).toMatchObject({ maxUnavailable: '50%' });
    expect(find('placement', 'ConfigMap', 'assay-extra')?.data).toEqual({ a: 'b' });
  });

  it('reads files beside its configuration', () => {
    expect(find('files', 'ConfigMap')?.data['rubrics__helpful.yaml']).toContain('name: helpful');
    expect(gateway('files')?.spec).toMatchObject({
      volumes: [
        {
          name: 'config',
          configMap: {
            items: [
              { key: 'assay.yaml', path: 'assay.yaml' },
              { key: 'rubrics__helpful.yaml', path: 'rubrics/helpful.yaml' },
            ],
          },
        },
        { name: 'tmp' },
      ],
    });
  });
});

describe('stores', () => {
  it('of your own come from secrets, and a hook migrates before the gateways roll', () => {
    expect(container('production', 'assay')?.env).toEqual([
      { name: 'ASSAY_POSTGRES_URL', valueFrom: { secretKeyRef: { name: 'assay', key: 'database' } } },
      { name: 'ASSAY_REDIS_PASSWORD', valueFrom: { secretKeyRef: { name: 'assay', key: 'redis' } } },
      { name: 'FENCE_SECRET', valueFrom: { secretKeyRef: { name: 'assay', key: 'fence' } } },
    ]);
    const own = '${env:ASSAY_POSTGRES_URL}';
    expect(config('production')).toMatchObject({
      storage: { kind: 'postgres', url: own, migrate: false, poolSize: 10 },
      cache: { redis: { url: 'rediss://redis.data.svc:6379/0', password: '${env:ASSAY_REDIS_PASSWORD}' } },
    });
    expect(find('production', 'Job', 'assay-migrate')?.metadata.annotations['helm.sh/hook']).toBe(
      'pre-install,pre-upgrade',
    );
    expect(container('production', 'assay-migrate')?.args).toEqual([
      'migrate',
      '--config',
      '/etc/assay/assay.yaml',
    ]);
  });

  it('of the chart are migrated by the gateway that starts first', () => {
    expect(kinds('bundled-stores')).toContain('StatefulSet assay-postgres');
    expect(kinds('bundled-stores')).toContain('Deployment assay-redis');
    expect(kinds('bundled-stores')).not.toContain('Job assay-migrate');
    const url = 'postgres://assay:${env:ASSAY_POSTGRES_PASSWORD}@assay-postgres:5432/assay';
    expect(config('bundled-stores')).toMatchObject({
      storage: { migrate: true, url },
      cache: { redis: { url: 'redis://assay-redis:6379' } },
    });
  });
});

describe('scaling', () => {
  it('by the autoscaler or by KEDA leaves the number of pods to them', () => {
    expect(kinds('production')).toContain('HorizontalPodAutoscaler assay');
    expect(kinds('production')).not.toContain('ScaledObject assay');
    expect(find('production', 'Deployment')?.spec).not.toHaveProperty('replicas');
    expect(kinds('keda')).toContain('ScaledObject assay');
    expect(kinds('keda')).not.toContain('HorizontalPodAutoscaler assay');
    expect(find('keda', 'Deployment')?.spec).not.toHaveProperty('replicas');
    expect(find('keda', 'ScaledObject')?.spec).toMatchObject({
      triggers: [
        { type: 'prometheus', metadata: { threshold: '1' } },
        { type: 'prometheus', metadata: { threshold: '20000' } },
        { type: 'cron' },
      ],
    });
  });

  it('has a disruption budget from two gateways on', () => {
    expect(find('production', 'PodDisruptionBudget')?.spec).toMatchObject({ maxUnavailable: 1 });
    expect(kinds('embedded')).not.toContain('PodDisruptionBudget assay');
  });
});

describe('exposure and figures', () => {
  it('has what was asked for and nothing else', () => {
    const optional =
      /^(Ingress|HTTPRoute|ServiceMonitor|PodMonitor|PrometheusRule|ConfigMap assay-\w+-dashboard)/;
    const of = (name: string) => kinds(name).filter((one) => optional.test(one));
    expect(of('simulated')).toEqual([]);
    expect(of('gateway-api')).toEqual(['HTTPRoute assay']);
    expect(of('pod-monitor')).toEqual(['PodMonitor assay']);
    expect(of('production').toSorted()).toEqual([
      'ConfigMap assay-cost-dashboard',
      'ConfigMap assay-engines-dashboard',
      'ConfigMap assay-quality-dashboard',
      'ConfigMap assay-queues-dashboard',
      'Ingress assay',
      'PrometheusRule assay',
      'ServiceMonitor assay',
    ]);
  });

  it('gives labels that others look for', () => {
    expect(find('production', 'ServiceMonitor')?.metadata.labels).toMatchObject({ release: 'prometheus' });
    expect(find('production', 'ConfigMap', 'assay-cost-dashboard')?.metadata).toMatchObject({
      labels: { grafana_dashboard: '1' },
      annotations: { grafana_folder: 'Assay' },
    });
  });

  it('puts no bound on streams in a route', () => {
    expect(find('gateway-api', 'HTTPRoute')?.spec).toMatchObject({
      rules: [{ timeouts: { request: '0s' }, backendRefs: [{ name: 'assay', port: 80 }] }],
    });
  });

  it('keeps the admin API out of the public service', () => {
    expect(find('production', 'Service')?.spec).toMatchObject({ ports: [{ name: 'http', port: 8080 }] });
    expect(find('production', 'Service', 'assay-admin')?.spec).toMatchObject({ ports: [{ port: 8081 }] });
    expect(kinds('simulated')).not.toContain('Service assay-admin');
  });
});

describe('engines', () => {
  it('of vLLM get their quantisation, GPUs, cache and time to end', () => {
    const large = container('gpu', 'assay-large');
    expect(large?.command).toEqual(['vllm', 'serve']);
    expect(large?.args).toEqual([
      'Qwen/Qwen3-32B',
      '--port=8000',
      '--served-model-name=Qwen/Qwen3-32B',
      '--shutdown-timeout=60',
      '--quantization=fp8',
      '--kv-cache-dtype=fp8',
      '--max-model-len=32768',
      '--tensor-parallel-size=2',
    ]);
    expect(large?.resources).toEqual({
      limits: { memory: '64Gi', 'nvidia.com/gpu': 2 },
      requests: { cpu: '8', memory: '64Gi', 'nvidia.com/gpu': 2 },
    });
    expect(large).toMatchObject({
      startupProbe: { httpGet: { path: '/health' }, periodSeconds: 10, failureThreshold: 180 },
    });
    expect(gateway('gpu', 'assay-large')?.spec.terminationGracePeriodSeconds).toBeGreaterThan(5 + 60);
    expect(find('gpu', 'PersistentVolumeClaim', 'assay-large-models')?.spec).toMatchObject({
      storageClassName: 'fast',
      resources: { requests: { storage: '120Gi' } },
    });
  });

  it('are found by the gateway with their price and key', () => {
    expect(config('gpu')).toMatchObject({
      engines: {
        large: {
          kind: 'openai',
          flavour: 'vllm',
          model: 'Qwen/Qwen3-32B',
          precision: 'fp8',
          apiKey: '${env:ASSAY_ENGINE_LARGE_KEY}',
          cost: { gpuHourUsd: 3.2, gpus: 2 },
          discovery: { endpointSlices: { service: 'assay-large', namespace: 'judges', port: 'http' } },
        },
      },
    });
  });

  it('of Triton serve a repository that they cannot write', () => {
    expect(container('triton', 'assay-large')).toMatchObject({
      command: ['tritonserver'],
      args: [
        '--model-repository=/models/repository',
        ...['http', 'grpc', 'metrics'].map((name, i) => `--${name}-port=${8000 + i}`),
        '--exit-timeout-secs=60',
      ],
      startupProbe: { httpGet: { path: '/v2/health/ready' }, failureThreshold: 360 },
    });
    expect(config('triton')).toMatchObject({
      engines: {
        large: { kind: 'triton', backend: 'tensorrtllm', metricsPort: 8002, chatTemplate: 'llama3' },
      },
    });
  });
});
