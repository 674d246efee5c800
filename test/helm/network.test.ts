import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type KubernetesObject, matches, objects, podOf } from './rendered.ts';

/** The few forms that the chart's own rules have. */
const peer = z.looseObject({
  podSelector: z.looseObject({ matchLabels: z.record(z.string(), z.string()).default({}) }).optional(),
});
const rule = z.looseObject({
  from: z.array(peer).optional(),
  to: z.array(peer).optional(),
  ports: z.array(z.looseObject({ port: z.number() })).optional(),
});
const policySchema = z.object({
  podSelector: z.object({ matchLabels: z.record(z.string(), z.string()) }),
  policyTypes: z.array(z.string()),
  ingress: z.array(rule).default([]),
  egress: z.array(rule).default([]),
});

type Labels = Record<string, string>;

/** Whether the policies of a render let pods of its own talk; as Kubernetes would decide. */
function allows(
  all: readonly KubernetesObject[],
  [from, to]: readonly [Labels, Labels],
  port: number,
): boolean {
  const policies = all
    .filter(({ kind }) => kind === 'NetworkPolicy')
    .map(({ spec }) => policySchema.parse(spec));
  const side = (pod: Labels, type: 'Ingress' | 'Egress', other: Labels): boolean => {
    const mine = policies.filter(
      ({ podSelector, policyTypes }) => policyTypes.includes(type) && matches(podSelector.matchLabels, pod),
    );
    if (mine.length === 0) return true;
    return mine
      .flatMap(({ ingress, egress }) => (type === 'Ingress' ? ingress : egress))
      .some(({ from: sources, to: targets, ports }) => {
        const peers = type === 'Ingress' ? sources : targets;
        const isPeer = peers?.some(
          ({ podSelector, ...rest }) =>
            podSelector !== undefined &&
            !('namespaceSelector' in rest) &&
            matches(podSelector.matchLabels, other),
        );
        return (isPeer ?? true) && (ports?.some((one) => one.port === port) ?? true);
      });
  };
  return side(from, 'Egress', to) && side(to, 'Ingress', from);
}

function pods(all: readonly KubernetesObject[]): Map<string, Labels> {
  return new Map(
    all.flatMap((object) => {
      const pod = podOf(object);
      const labels = pod?.metadata.labels ?? {};
      return pod === undefined ? [] : [[labels['app.kubernetes.io/component'] ?? '', labels] as const];
    }),
  );
}

/** Every pair of pods and port that may talk. */
function ways(name: string): string[] {
  const all = objects(name);
  const parts = [...pods(all)];
  const ports = [8000, 8001, 8002, 8080, 8081, 9464, 5432, 6379];
  return parts.flatMap(([from, source]) =>
    parts.flatMap(([to, target]) =>
      ports.flatMap((port) => (allows(all, [source, target], port) ? [`${from} > ${to}:${port}`] : [])),
    ),
  );
}

describe('network policies', () => {
  it('let engines be reached only from the gateway', () => {
    expect(ways('simulated').toSorted()).toEqual([
      'gateway > large:8000',
      'gateway > small:8000',
      'test > gateway:8080',
    ]);
  });

  it('let Triton be reached at gRPC and figures alone', () => {
    expect(ways('triton').filter((way) => way.includes('large'))).toEqual([
      'gateway > large:8001',
      'gateway > large:8002',
    ]);
  });

  it('let stores of the chart be reached only from the gateway', () => {
    expect(
      ways('bundled-stores')
        .filter((way) => /postgres|redis/.test(way))
        .toSorted(),
    ).toEqual(['gateway > postgres:5432', 'gateway > redis:6379']);
  });

  it('are away where they are switched off', () => {
    expect(objects('own-claim').filter(({ kind }) => kind === 'NetworkPolicy')).toEqual([]);
  });
});
