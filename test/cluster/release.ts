import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { Database } from './database.ts';
import { type Cluster, eventually, type Said } from './shell.ts';
import type { Steps } from './steps.ts';
import { CHART, ROOT, valueSets } from '../helm/value-sets.ts';

/** One release from its refusals to its end, with one helm. */
export interface Trial {
  readonly helm: string;
  readonly cluster: Cluster;
  readonly steps: Steps;
  readonly database: Database;
}

const PAIRS = join(ROOT, 'src/cli/demo/pairs.jsonl');
const VALUES = join(ROOT, 'test/cluster/values.yaml');

export async function releaseOf(trial: Trial): Promise<void> {
  const { helm, cluster, steps } = trial;
  const release = new Release(trial);
  steps.title(`${helm} ${cluster.run(helm, ['version', '--short']).text}`);
  release.makeNamespace();
  refusals(release);
  if (!install(release)) return release.remove();
  await labels(release);
  await podUnderLoad(release);
  await upgradeUnderLoad(release);
  await failures(release);
  await uninstall(release);
  release.remove();
}

class Release {
  readonly helm: string;
  readonly cluster: Cluster;
  readonly steps: Steps;
  readonly database: Database;
  readonly namespace: string;

  constructor({ helm, cluster, steps, database }: Trial) {
    this.helm = helm;
    this.cluster = cluster;
    this.steps = steps;
    this.database = database;
    this.namespace = `assay-${helm}`;
  }

  run(command: string, ...args: string[]): Said {
    return this.cluster.run(this.helm, [command, ...args, '--namespace', this.namespace]);
  }

  /** install or upgrade, with the values of the test. */
  put(command: 'install' | 'upgrade', ...args: string[]): Said {
    return this.run(command, 'assay', CHART, '--values', VALUES, ...args);
  }

  kubectl(...args: string[]): Said {
    return this.cluster.kubectl('--namespace', this.namespace, ...args);
  }

  read(kind: string, path: string): string {
    return this.kubectl('get', ...kind.split(' '), '-o', `jsonpath=${path}`).text;
  }

  makeNamespace(): void {
    this.remove();
    this.cluster.kubectl('create', 'namespace', this.namespace);
    const level = 'pod-security.kubernetes.io/enforce=restricted';
    this.steps.yes(
      'a namespace that enforces restricted',
      this.cluster.kubectl('label', 'namespace', this.namespace, level),
    );
  }

  remove(): void {
    this.cluster.kubectl('delete', 'namespace', this.namespace, '--ignore-not-found', '--wait=true');
  }

  /** Address of the gateways' service. */
  url(): string {
    return `http://${this.read('service assay', '{.spec.clusterIP}')}:8080`;
  }

  pods(component: string): string[] {
    const labels = `app.kubernetes.io/component=${component}`;
    return this.kubectl('get', 'pods', '-l', labels, '-o', 'name')
      .text.split('\n')
      .filter((name) => name !== '');
  }

  load(seconds: number): Load {
    const file = join(ROOT, 'test/cluster/load.ts');
    const inside = this.cluster.startInside([process.execPath, file, this.url(), PAIRS, `${seconds}`, '8']);
    return { result: async () => loadSchema.parse(JSON.parse(await inside.ended())) };
  }
}

const loadSchema = z.object({
  sent: z.number(),
  ok: z.number(),
  failed: z.number(),
  failures: z.record(z.string(), z.number()),
});
interface Load {
  result(): Promise<z.output<typeof loadSchema>>;
}

/** What must not get as far as a pod. */
function refusals(release: Release): void {
  const { steps } = release;
  steps.no('an unknown key is refused', /replcas/, release.put('install', '--set', 'replcas=2'));
  steps.no('a wrong type is refused', /replicas/, release.put('install', '--set-string', 'replicas=two'));
  steps.no('a missing secret is refused, by its name', /no secret "assay-database"/, release.put('install'));
  const url = release.database.create(release.namespace.replaceAll('-', '_'));
  release.kubectl('create', 'secret', 'generic', 'assay-database', `--from-literal=link=${url}`);
  steps.no('a secret without the key is refused', /has no key "url"/, release.put('install'));
  release.kubectl('delete', 'secret', 'assay-database');
  release.kubectl('create', 'secret', 'generic', 'assay-database', `--from-literal=url=${url}`);
  steps.no(
    'an engine without a GPU is refused',
    /without a GPU request/,
    release.put('install', '--set', 'engines.small.kind=vllm'),
  );
  steps.no(
    'a drain that would be cut off is refused',
    /takes up to/,
    release.put('install', '--set', 'config.server.drainMs=90000'),
  );
  steps.that(
    'nothing was left behind by that',
    release.kubectl('get', 'deploy,job,configmap', '-l', 'app.kubernetes.io/name=assay', '-o', 'name')
      .text === '',
  );
  if (release.helm === 'helm4') strictly(release);
}

/** The API server itself reads every render of the chart, strictly: no unknown field, no wrong type. */
function strictly(release: Release): void {
  const { steps, cluster, helm, namespace } = release;
  cluster.kubectl('create', 'namespace', 'models');
  for (const [name, file] of valueSets()) {
    const render = cluster.run(helm, ['template', 'assay', CHART, '-n', namespace, '--values', file]);
    // Rights in other namespaces stand beside objects without one.
    const where = /^ {2}namespace:/m.test(render.text) ? [] : ['--namespace', namespace];
    const flags = ['apply', ...where, '--dry-run=server', '--validate=strict', '-f', '-'];
    const { ok, text } = cluster.run('kubectl', flags, render.text);
    const warned = text.split('\n').find((line) => /Warning|PodSecurity|rror/.test(line)) ?? '';
    steps.that(`the API server takes ${name}.yaml strictly`, ok && warned === '', warned);
  }
  const wrong = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x }\ndate: {}\n';
  const flags = ['apply', '-n', namespace, '--dry-run=server', '--validate=strict', '-f', '-'];
  steps.no('and would not take an unknown field', /unknown field/, cluster.run('kubectl', flags, wrong));
}

function install(release: Release): boolean {
  const { steps, database } = release;
  const started = performance.now();
  const installed = release.put('install', '--wait', '--wait-for-jobs', '--timeout', '180s');
  if (!steps.yes('install --wait', installed)) {
    console.log(release.kubectl('get', 'pods,events').text, release.kubectl('logs', 'deploy/assay').text);
    return false;
  }
  steps.that('it was ready', true, `after ${((performance.now() - started) / 1_000).toFixed(1)} s`);
  const tables = database.query(
    release.namespace.replaceAll('-', '_'),
    'SELECT name FROM kysely_migration ORDER BY 1',
  );
  steps.that(
    'the hook has migrated the database',
    tables.includes('0001-verdicts'),
    tables.replaceAll('\n', ', '),
  );
  steps.that('the hook left nothing', release.kubectl('get', 'job', '-o', 'name').text === '');
  steps.yes('helm test', release.run('test', 'assay', '--timeout', '60s'));
  steps.that('two gateways are ready', release.read('deploy assay', '{.status.readyReplicas}') === '2');
  return true;
}

/** Through the service, and through engines that only the API of Kubernetes tells the gateway of. */
async function labels(release: Release): Promise<void> {
  const { steps, cluster } = release;
  const out = join(tmpdir(), `assay-cluster-${release.helm}.jsonl`);
  // What is there from an earlier run would not be asked again.
  rmSync(out, { force: true });
  const label = ['label', PAIRS, '-o', out, '--url', release.url()];
  const { ok, text } = cluster.manage('in', process.execPath, join(ROOT, 'src/main.ts'), ...label);
  steps.that(
    '64 pairs are labelled through the service',
    ok,
    text.split('\n').slice(-3).join(' ').slice(0, 300),
  );
  const written = await eventually(10, 'the verdicts written behind', () => {
    const count = release.database.query(
      release.namespace.replaceAll('-', '_'),
      'SELECT count(*) FROM verdict WHERE label IS NOT NULL',
    );
    return Number(count) >= 64 ? count : undefined;
  }).catch(String);
  steps.that('and stand in the database', Number(written) >= 64, `${written} verdicts with a label`);
  const ready = readyReplicas(release);
  steps.that(
    'the gateway found the engines by their EndpointSlices, over TLS with its service account',
    ready === '1 1',
    `ready replicas of large and small: ${ready}`,
  );
  release.kubectl('scale', 'deploy/assay-small', '--replicas=2');
  const more = await eventually(60, 'a second replica', () =>
    readyReplicas(release) === '1 2' ? '1 2' : undefined,
  ).catch(String);
  steps.that('and sees one more when there is one more', more === '1 2', more);
  release.kubectl('scale', 'deploy/assay-small', '--replicas=1');
  const fewer = await eventually(60, 'one replica', () =>
    readyReplicas(release) === '1 1' ? '1 1' : undefined,
  ).catch(String);
  steps.that('and one less', fewer === '1 1', fewer);
  const grant = (verb: string, kind: string) =>
    release.kubectl('auth', 'can-i', verb, kind, '--as', `system:serviceaccount:${release.namespace}:assay`)
      .text;
  steps.that(
    'the account may watch endpointslices, and read no secrets',
    grant('watch', 'endpointslices.discovery.k8s.io').endsWith('yes') &&
      grant('get', 'secrets').endsWith('no'),
  );
}

function readyReplicas(release: Release): string {
  const { text } = release.cluster.manage('in', 'curl', '-s', `${release.url()}/readyz`);
  const schema = z.object({ engines: z.array(z.object({ engine: z.string(), ready: z.number() })) });
  try {
    const { engines } = schema.parse(JSON.parse(text));
    return engines
      .toSorted((a, b) => a.engine.localeCompare(b.engine))
      .map(({ ready }) => ready)
      .join(' ');
  } catch {
    return text;
  }
}

async function podUnderLoad(release: Release): Promise<void> {
  const { steps } = release;
  const load = release.load(15);
  await delay(3_000);
  const [pod = ''] = release.pods('gateway');
  const started = performance.now();
  release.kubectl('delete', pod, '--wait=true');
  const seconds = (performance.now() - started) / 1_000;
  const { sent, ok, failed, failures } = await load.result();
  steps.that(
    'a gateway is deleted under load: no request fails',
    failed === 0 && ok === sent && ok > 100,
    `${ok} of ${sent} labelled, the pod was gone after ${seconds.toFixed(1)} s ${JSON.stringify(failures)}`,
  );
}

async function upgradeUnderLoad(release: Release): Promise<void> {
  const { steps, database } = release;
  const load = release.load(45);
  await delay(2_000);
  const upgraded = release.put('upgrade', '--set', 'image.tag=next', '--wait', '--timeout', '120s');
  steps.yes('upgrade --wait to a version with one migration more', upgraded);
  const name = release.namespace.replaceAll('-', '_');
  steps.that(
    'the hook has migrated',
    database.query(name, 'SELECT name FROM kysely_migration').includes('9999-upgrade-test'),
  );
  steps.that(
    'the gateways run it',
    release.read('deploy assay', '{.spec.template.spec.containers[0].image}') === 'local.test/assay:next',
  );
  const { sent, ok, failed, failures } = await load.result();
  steps.that(
    'no request failed meanwhile',
    failed === 0 && ok === sent && ok > 100,
    `${ok} of ${sent} labelled ${JSON.stringify(failures)}`,
  );
}

async function failures(release: Release): Promise<void> {
  const { steps } = release;
  const pods = await eventually(60, 'two gateways', () => {
    const names = release.pods('gateway');
    return names.length === 2 ? names.toSorted().join(' ') : undefined;
  });
  const undo = release.helm === 'helm3' ? '--atomic' : '--rollback-on-failure';
  const broken = ['--set', 'image.tag=absent', '--timeout', '15s'];
  steps.no(
    'a migration that cannot run fails the upgrade',
    /pre-upgrade hook|timed out|deadline|failed/,
    release.put('upgrade', ...broken),
  );
  steps.that('and no gateway noticed', release.pods('gateway').toSorted().join(' ') === pods);
  steps.no(
    'a version that never gets ready is rolled back',
    /roll|timed out|deadline|not ready/,
    release.put('upgrade', ...broken, '--set', 'migrations.hook=false', undo),
  );
  steps.that(
    'to the one before',
    release.read('deploy assay', '{.spec.template.spec.containers[0].image}') === 'local.test/assay:next',
  );
  const now = release.pods('gateway');
  steps.that(
    'whose gateways never stopped',
    pods.split(' ').every((pod) => now.includes(pod)),
    pods,
  );
  steps.yes('rollback to revision 1', release.run('rollback', 'assay', '1', '--wait', '--timeout', '120s'));
  steps.that(
    'the first version serves on the newer tables',
    release.read('deploy assay', '{.spec.template.spec.containers[0].image} {.status.readyReplicas}') ===
      'local.test/assay:current 2',
  );
  steps.yes('helm test', release.run('test', 'assay', '--timeout', '60s'));
}

async function uninstall(release: Release): Promise<void> {
  const { steps } = release;
  steps.yes(
    'the next upgrade goes well',
    release.put('upgrade', '--wait', '--timeout', '120s', '--set', 'image.tag=next'),
  );
  steps.yes('uninstall', release.run('uninstall', 'assay', '--wait', '--timeout', '120s'));
  const kinds =
    'deploy,statefulset,job,pod,service,configmap,secret,serviceaccount,role,rolebinding,networkpolicy,pdb,hpa,pvc,servicemonitor,prometheusrule';
  const own = /configmap\/kube-root-ca.crt|serviceaccount\/default|secret\/assay-database/;
  const left = await eventually(60, 'nothing left', () => {
    const rest = release
      .kubectl('get', kinds, '-o', 'name')
      .text.split('\n')
      .filter((line) => line !== '' && !own.test(line));
    return rest.length === 0 ? '' : undefined;
  }).catch(() => release.kubectl('get', kinds, '-o', 'name').text);
  steps.that('nothing is left but the secret that was there before', left === '', left);
}
