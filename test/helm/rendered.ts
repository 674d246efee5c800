import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { GOLDEN } from './value-sets.ts';

/** What the tests read out of rendered objects. */
const labels = z.record(z.string(), z.string()).default({});
const tree = z.record(z.string(), z.unknown());

const objectSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().optional(),
    labels,
    annotations: labels,
  }),
  spec: tree.default({}),
  data: z.record(z.string(), z.string()).default({}),
});
export type KubernetesObject = z.output<typeof objectSchema>;

const containerSchema = z.looseObject({
  name: z.string(),
  image: z.string(),
  command: z.array(z.string()).default([]),
  args: z.array(z.string()).default([]),
  env: z.array(z.looseObject({ name: z.string() })).default([]),
  resources: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
});

const podSchema = z.object({
  metadata: z.looseObject({ labels, annotations: labels }).prefault({}),
  spec: z.looseObject({
    terminationGracePeriodSeconds: z.number().default(30),
    containers: z.array(containerSchema),
  }),
});
export type PodTemplate = z.output<typeof podSchema>;

/** The objects of a committed render, as written. */
export function rawObjects(name: string): unknown[] {
  const text = readFileSync(join(GOLDEN, `${name}.yaml`), 'utf8');
  return parseAllDocuments(text)
    .map((document): unknown => document.toJS())
    .filter((object) => object !== null && object !== undefined);
}

export function objects(name: string): KubernetesObject[] {
  return rawObjects(name).map((object) => objectSchema.parse(object));
}

export function find(name: string, kind: string, object = 'assay'): KubernetesObject | undefined {
  return objects(name).find((one) => one.kind === kind && one.metadata.name === object);
}

/** The pod that an object makes; undefined for others. */
export function podOf(object: KubernetesObject | undefined): PodTemplate | undefined {
  if (object?.kind === 'Pod') return podSchema.parse(object);
  if (!['Deployment', 'StatefulSet', 'Job'].includes(object?.kind ?? '')) return undefined;
  return podSchema.parse(object?.spec['template']);
}

/** Labels by which a service, policy or budget finds pods; undefined for other objects. */
export function selectorOf({ kind, spec }: KubernetesObject): Record<string, string> | undefined {
  const byLabels = z.object({ matchLabels: labels });
  if (kind === 'Service') return labels.parse(spec['selector']);
  if (kind === 'NetworkPolicy') return byLabels.parse(spec['podSelector']).matchLabels;
  return kind === 'PodDisruptionBudget' ? byLabels.parse(spec['selector']).matchLabels : undefined;
}

export function matches(selector: Record<string, string>, pod: Record<string, string>): boolean {
  return Object.entries(selector).every(([key, value]) => pod[key] === value);
}
