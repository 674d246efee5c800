import { join } from 'node:path';
import { CHART, ROOT } from '../helm/value-sets.ts';
import { type Cluster, eventually, type Inside, type Said } from './shell.ts';
import type { Steps } from './steps.ts';

const NAMESPACE = 'assay-bundled';
const NODE = '10.89.0.1';
const VALUES = join(ROOT, 'test/cluster/bundled.yaml');
const VOLUME = 'assay-bundled';
/** In the node, which has a /tmp of its own kind: whoever writes there is nobody's. */
const FOLDER = '/tmp/assay-cluster-volume';
const LABELLED = 'SELECT count(*) FROM verdict WHERE label IS NOT NULL';

/**
 * A release with the PostgreSQL and Redis of the chart as pods under `restricted`, on a claimed volume, under the
 * autoscaler. The cluster has no DNS and no storage class: the test brings names and a volume.
 */
export async function bundledStores(helm: string, cluster: Cluster, steps: Steps): Promise<void> {
  steps.title(`Stores that the chart runs itself, ${helm}`);
  const release = new BundledRelease(helm, cluster);
  try {
    steps.yes('a namespace that enforces restricted, and a volume', release.prepare());
    if (!steps.yes('install --wait', release.helm('install', 'assay', CHART, '--values', VALUES, '--wait'))) {
      console.log(release.kubectl('get', 'pods,pvc,events').text);
      console.log(release.kubectl('logs', 'statefulset/assay-postgres').text);
      console.log(release.kubectl('logs', 'deploy/assay').text.slice(-2_000));
      return;
    }
    steps.yes('helm test', release.helm('test', 'assay'));
    await labels(release, steps);
    await lostPod(release, steps);
    await autoscaler(release, steps);
    steps.yes('uninstall', release.helm('uninstall', 'assay', '--wait'));
    const { text } = release.kubectl('get', 'pvc', '-o', 'name');
    steps.that(
      'the claim with the data is left',
      text === 'persistentvolumeclaim/data-assay-postgres-0',
      text,
    );
  } finally {
    release.remove();
  }
}

class BundledRelease {
  readonly cluster: Cluster;
  readonly #helm: string;
  readonly #names: Inside;

  constructor(helm: string, cluster: Cluster) {
    this.#helm = helm;
    this.cluster = cluster;
    this.#names = cluster.startInside([process.execPath, join(ROOT, 'test/cluster/dns.ts'), NODE]);
  }

  kubectl(...args: string[]): Said {
    return this.cluster.kubectl('--namespace', NAMESPACE, ...args);
  }

  helm(command: string, ...args: string[]): Said {
    return this.cluster.run(this.#helm, [command, ...args, '--timeout', '300s', '--namespace', NAMESPACE]);
  }

  prepare(): Said {
    this.#forget();
    this.cluster.manage('in', 'mkdir', '-m', '777', FOLDER);
    const level = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE, labels: level } };
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'assay-postgres', namespace: NAMESPACE },
      stringData: { password: 'of-this-test' },
    };
    const volume = {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: VOLUME },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        persistentVolumeReclaimPolicy: 'Retain',
        claimRef: { namespace: NAMESPACE, name: 'data-assay-postgres-0' },
        hostPath: { path: FOLDER },
      },
    };
    const objects = [namespace, secret, volume].map((object) => JSON.stringify(object)).join('\n---\n');
    return this.cluster.run('kubectl', ['apply', '-f', '-'], objects);
  }

  remove(): void {
    this.#names.kill();
    this.#forget();
  }

  #forget(): void {
    this.cluster.kubectl('delete', 'namespace', NAMESPACE, '--ignore-not-found', '--wait=true');
    this.cluster.kubectl('delete', 'persistentvolume', VOLUME, '--ignore-not-found');
    this.cluster.manage('in', 'rm', '-rf', FOLDER);
  }

  label(): Said {
    const url = `http://${this.read('service/assay', '{.spec.clusterIP}')}:8080`;
    const pairs = join(ROOT, 'src/cli/demo/pairs.jsonl');
    const label = ['label', pairs, '-o', `${FOLDER}.jsonl`, '--url', url];
    this.cluster.manage('in', 'rm', '-f', `${FOLDER}.jsonl`);
    return this.cluster.manage('in', process.execPath, join(ROOT, 'src/main.ts'), ...label);
  }

  read(object: string, path: string): string {
    return this.kubectl('get', object, '-o', `jsonpath=${path}`).text;
  }

  /** One value out of the database's pod. */
  query(sql: string): string {
    const command = `PGPASSWORD=$POSTGRES_PASSWORD exec psql -U assay -Atc '${sql}'`;
    return this.kubectl('exec', 'assay-postgres-0', '--', 'sh', '-c', command).text;
  }
}

async function labels(release: BundledRelease, steps: Steps): Promise<void> {
  const { ok, text } = release.label();
  steps.that('64 pairs are labelled', ok, ok ? '' : text.slice(-300));
  const written = await eventually(30, 'the verdicts written behind', () => {
    const count = release.query(LABELLED);
    return Number(count) >= 64 ? count : undefined;
  }).catch(String);
  steps.that('and stand in the PostgreSQL of the release', Number(written) >= 64, `${written} verdicts`);
  const kept = await eventually(30, 'labels in Redis', () => {
    const { text: keys } = release.kubectl('exec', 'deploy/assay-redis', '--', 'redis-cli', 'dbsize');
    return Number(keys) >= 64 ? keys : undefined;
  }).catch(String);
  steps.that('their labels are in its Redis', Number(kept) >= 64, `${kept} keys`);
}

/** The database's pod is replaced: what it held is on the claimed volume, and the gateways find it again. */
async function lostPod(release: BundledRelease, steps: Steps): Promise<void> {
  const before = release.query(LABELLED);
  release.kubectl('delete', 'pod', 'assay-postgres-0', '--wait=true');
  const ready = release.kubectl('rollout', 'status', 'statefulset/assay-postgres', '--timeout=180s');
  steps.yes('the database comes back after its pod was deleted', ready);
  const after = await eventually(30, 'the database', () => {
    const count = release.query(LABELLED);
    return /^\d+$/.test(count) ? count : undefined;
  }).catch(String);
  steps.that('with every verdict', after === before, `${after} of ${before}`);
  const { ok, text } = release.label();
  steps.that('and the gateways label on', ok, ok ? '' : text.slice(-300));
}

/** Without a metrics server it cannot scale; that it holds its target and its bounds is what can be seen. */
async function autoscaler(release: BundledRelease, steps: Steps): Promise<void> {
  const path =
    '{.status.conditions[?(@.type=="AbleToScale")].status} {.spec.minReplicas} {.spec.maxReplicas}';
  const state = await eventually(60, 'the autoscaler', () => {
    const text = release.read('hpa/assay', path);
    return text.startsWith('True') ? text : undefined;
  }).catch(String);
  const replicas = release.read('deploy/assay', '{.status.readyReplicas}');
  steps.that(
    'the autoscaler holds the gateways',
    `${state} ${replicas}` === 'True 2 3 2',
    `${state} ${replicas}`,
  );
}
