import { readFileSync } from 'node:fs';
import { HTTPRoute } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1';
import { ScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1';
import {
  PodMonitor,
  PrometheusRule,
  ServiceMonitor,
} from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';
import { Deployment, StatefulSet } from 'kubernetes-models/apps/v1';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2';
import { Job } from 'kubernetes-models/batch/v1';
import { Ingress, NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { Role, RoleBinding } from 'kubernetes-models/rbac.authorization.k8s.io/v1';
import { ConfigMap, PersistentVolumeClaim, Pod, Secret, Service, ServiceAccount } from 'kubernetes-models/v1';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { matches, objects, podOf, rawObjects, selectorOf } from './rendered.ts';
import { SOURCES, sourcesHash, valueSets } from './value-sets.ts';

const workloads = { Deployment, StatefulSet, Job, Pod, HorizontalPodAutoscaler, PodDisruptionBudget };
const access = { ConfigMap, Secret, ServiceAccount, Role, RoleBinding, PersistentVolumeClaim };
const network = { Service, Ingress, NetworkPolicy, HTTPRoute };
const watched = { ServiceMonitor, PodMonitor, PrometheusRule, ScaledObject };
const MODELS = { ...workloads, ...access, ...network, ...watched };

const head = z.looseObject({ apiVersion: z.string(), kind: z.string() });

/** Messages of the model's own validation. */
function faults(object: unknown): string[] {
  const { kind } = head.parse(object);
  const Model: unknown = Reflect.get(MODELS, kind);
  if (typeof Model !== 'function') return [`no model of ${kind}`];
  try {
    Reflect.construct(Model, [object]).validate();
    return [];
  } catch (error) {
    return [`${kind}: ${String(error)}`];
  }
}

const names = [...valueSets().keys()];

describe('golden renders', () => {
  it('are of the chart as it is (else: npm run chart:golden)', () => {
    expect(readFileSync(SOURCES, 'utf8').trim()).toBe(sourcesHash());
  });

  it('cover at least twelve value sets', () => {
    expect(names.length).toBeGreaterThanOrEqual(12);
  });

  it.each(names)('%s holds only valid objects', (name) => {
    expect(rawObjects(name).flatMap(faults)).toEqual([]);
  });

  it('would not hold wrong ones', () => {
    const metadata = { name: 'x' };
    const rule = { groups: [{ name: 'g', rules: [{ alert: 'Down' }] }] };
    const wrong = [
      { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { replicas: 'two' } },
      { apiVersion: 'monitoring.coreos.com/v1', kind: 'PrometheusRule', metadata, spec: rule },
    ];
    expect(wrong.map((object) => faults(object).length)).toEqual([1, 1]);
  });

  it.each(names)('%s fits the pod security level restricted', (name) => {
    const pods = objects(name).flatMap((object) => podOf(object) ?? []);
    expect(pods.length).toBeGreaterThan(0);
    for (const { spec } of pods) {
      expect(spec).toMatchObject({
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      });
      for (const container of spec.containers) {
        expect(container['securityContext']).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
      }
      expect(Object.keys(spec).filter((key) => key.startsWith('host'))).toEqual([]);
    }
  });

  it.each(names)('%s has each object once', (name) => {
    const ids = objects(name).map(
      ({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`,
    );
    expect(ids).toEqual([...new Set(ids)]);
  });

  it.each(names)('%s lets each service, policy and budget find a pod', (name) => {
    const all = objects(name);
    const pods = all.flatMap((object) => podOf(object) ?? []).map(({ metadata }) => metadata.labels);
    const lost = all.filter((object) => {
      const selector = selectorOf(object);
      return selector !== undefined && !pods.some((pod) => matches(selector, pod));
    });
    expect(lost).toEqual([]);
  });
});
