import { z } from 'zod';
import { engineValues } from './engine-values.ts';

/**
 * The values of the Helm chart: one schema, from which `values.schema.json` and the chart's README are
 * made. What stands under `config` is the gateway's own schema (see `values-schema.ts`).
 */

const text = z.string();
const flag = z.boolean();
const strings = z.record(z.string(), z.string());
/** An object of Kubernetes, which its API server checks. */
export const kubernetes = z.record(z.string(), z.unknown());
const list = z.array(kubernetes);
const port = z.int().min(1).max(65_535);
const seconds = (most: number) => z.int().min(1).max(most);
const quantity = z.string().regex(/^[0-9.]+([EPTGMK]i?|m)?$/);
/** What the chart itself makes must be short enough for all names. */
const name = z.string().regex(/^([a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?)?$/);
const kubernetesName = z.string().regex(/^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?)?$/);

const image = z.strictObject({
  repository: z.string().min(1).describe('Where your registry has the image that deploy/Dockerfile makes.'),
  tag: text.describe("Its tag; empty for the chart's appVersion."),
  digest: z
    .string()
    .regex(/^(sha256:[0-9a-f]{64})?$/)
    .describe('Its digest, such as sha256:…; goes before the tag.'),
  pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']).describe('When the image is pulled.'),
});

const secretRef = z.strictObject({
  existingSecret: kubernetesName.min(1).describe('Name of the secret.'),
  key: z.string().min(1).describe('Key in it.'),
});

const storage = z.strictObject({
  kind: z
    .enum(['embedded', 'postgres', 'none'])
    .describe('Where verdicts, costs, evidence and jobs are kept. Several gateways need postgres.'),
  retentionDays: z.int().min(1).max(3_650).describe('Days that verdicts are kept.'),
  embedded: z
    .strictObject({
      size: quantity.describe('Size of the claim that the chart makes; uninstalling keeps it.'),
      storageClass: text.describe('Its storage class; empty for the default one.'),
      existingClaim: kubernetesName.describe('A claim of yours instead.'),
    })
    .describe('The database inside the gateway.'),
  postgres: z
    .strictObject({
      url: z
        .string()
        .regex(/^(postgres(ql)?:\/\/.+)?$/)
        .describe('Connection string, for trials: it stands in the values. Else a secret.'),
      existingSecret: kubernetesName.describe('Secret with the connection string.'),
      urlKey: z.string().min(1).describe('Key of the connection string in it.'),
      poolSize: z.int().min(2).max(200).describe('Most connections of one gateway.'),
      bundled: z
        .strictObject({
          enabled: flag.describe('Run one PostgreSQL without replicas or backups; for trials.'),
          image: z.string().min(1).describe('Its image.'),
          existingSecret: kubernetesName.describe('Secret with its password: letters, digits, - and _.'),
          passwordKey: z.string().min(1).describe('Key of the password in it.'),
          size: quantity.describe('Size of its claim.'),
          storageClass: text.describe('Storage class of its claim; empty for the default one.'),
          resources: kubernetes.describe('Its requests and limits.'),
        })
        .describe('A PostgreSQL of the chart.'),
    })
    .describe('PostgreSQL; exactly one of url, existingSecret and bundled.'),
});

const redis = z.strictObject({
  url: z
    .string()
    .regex(/^(rediss?:\/\/[^@]+)?$/)
    .describe('Address of your Redis, without a password; empty for none.'),
  username: text.describe('Its user, where it has any.'),
  existingSecret: kubernetesName.describe('Secret with its password.'),
  passwordKey: z.string().min(1).describe('Key of the password in it.'),
  prefix: z
    .string()
    .regex(/^[a-z0-9][a-z0-9:._-]{0,63}$/)
    .describe('Begins every key. Gateways with the same prefix share labels.'),
  bundled: z
    .strictObject({
      enabled: flag.describe('Run one Redis as a cache. It has no password: the network policy guards it.'),
      image: z.string().min(1).describe('Its image.'),
      maxMemory: z
        .string()
        .regex(/^\d+[kmg]b$/)
        .describe('Its memory for labels; those unused for longest go first.'),
      resources: kubernetes.describe('Its requests and limits.'),
    })
    .describe('A Redis of the chart.'),
});

const monitor = (noun: string) =>
  z.strictObject({
    enabled: flag.describe(`Make a ${noun} (needs the operator's definitions in the cluster).`),
    interval: z
      .string()
      .regex(/^\d+(s|m)$/)
      .describe('Time between two scrapes.'),
    labels: strings.describe('Labels by which your Prometheus selects it, such as release.'),
  });

const metrics = z.strictObject({
  enabled: flag.describe(
    'Serve /metrics on a port of its own, which only `networkPolicy.monitoring` reaches.',
  ),
  port: port.describe('That port.'),
  serviceMonitor: monitor('ServiceMonitor').describe('Scraping by the operator; not with podMonitor.'),
  podMonitor: monitor('PodMonitor').describe('The same, by pods.'),
  prometheusRule: z
    .strictObject({
      enabled: flag.describe('Make a PrometheusRule of deploy/prometheus/assay-rules.yaml.'),
      labels: strings.describe('Labels by which your Prometheus selects it.'),
    })
    .describe('Alerts.'),
  dashboards: z
    .strictObject({
      enabled: flag.describe('Make a ConfigMap of each dashboard for Grafana’s sidecar.'),
      labels: strings.describe('Labels that the sidecar looks for.'),
      annotations: strings.describe('Such as the folder.'),
    })
    .describe('Dashboards of deploy/grafana.'),
});

const keda = z.strictObject({
  enabled: flag.describe('Scale the gateway by KEDA; not with autoscaling.'),
  minReplicas: z.int().min(0).max(1_000).describe('Fewest pods.'),
  maxReplicas: z.int().min(1).max(1_000).describe('Most pods.'),
  prometheusAddress: text.describe('Prometheus that scrapes the gateways, such as http://prometheus:9090.'),
  queueWaitSeconds: z
    .number()
    .min(0)
    .describe('Seconds of waiting before engines per second, of each pod; 0 leaves it out.'),
  tokensPerSecond: z.number().min(0).describe('Tokens per second of each pod; 0 leaves it out.'),
  triggers: list.describe('Further triggers of KEDA.'),
});

const exposure = {
  service: z
    .strictObject({
      type: z.enum(['ClusterIP', 'NodePort', 'LoadBalancer']).describe('Its type.'),
      port: port.describe('Its port.'),
      annotations: strings.describe('Its annotations.'),
    })
    .describe('The service of the public API.'),
  ingress: z
    .strictObject({
      enabled: flag.describe('Make an Ingress.'),
      className: text.describe('Its class; empty for the default one.'),
      annotations: strings.describe('Its annotations, such as body size and read timeout.'),
      hosts: z.array(z.string().min(1)).describe('Host names.'),
      tls: list.describe('Its tls section.'),
    })
    .describe('The API behind an ingress controller.'),
  httpRoute: z
    .strictObject({
      enabled: flag.describe('Make an HTTPRoute of the Gateway API.'),
      annotations: strings.describe('Its annotations.'),
      parentRefs: list.describe('Gateways that it belongs to.'),
      hostnames: z.array(z.string().min(1)).describe('Host names; empty for all of the gateway.'),
      timeout: z
        .string()
        .regex(/^([0-9]{1,5}(h|m|s|ms)){1,4}$/)
        .describe('Longest request; 0s has no bound, as streams need.'),
    })
    .describe('The API behind a gateway controller.'),
};

const scale = {
  resources: kubernetes.describe('Requests and limits of the gateway; docs/deploy/sizing.md has figures.'),
  autoscaling: z
    .strictObject({
      enabled: flag.describe('Make a HorizontalPodAutoscaler; not with keda.'),
      minReplicas: z.int().min(1).max(1_000).describe('Fewest pods.'),
      maxReplicas: z.int().min(1).max(1_000).describe('Most pods.'),
      cpuPercent: z.int().min(0).max(100).describe('Wished share of the CPU request; 0 leaves it out.'),
      metrics: list.describe('Further metrics of the autoscaler.'),
      behavior: kubernetes.describe('Its behavior section.'),
    })
    .describe('Number of gateways by load.'),
  keda: keda.describe('Number of gateways by queue or tokens.'),
  podDisruptionBudget: z
    .strictObject({
      enabled: flag.describe('Make one where there are two gateways or more.'),
      maxUnavailable: z
        .union([z.int().min(1), z.string().regex(/^[0-9]{1,3}%$/)])
        .describe('Pods that may be away.'),
    })
    .describe('How many gateways a drained node may take along.'),
  topologySpread: z
    .strictObject({
      enabled: flag.describe('Spread the gateways over zones and hosts.'),
      constraints: list.describe('Constraints of yours instead.'),
    })
    .describe('Where gateways run.'),
  shutdown: z
    .strictObject({
      lookAwaySeconds: z
        .int()
        .min(0)
        .max(300)
        .describe('Time that a stopping pod serves on until every balancer has heard (server.lookAwayMs).'),
      graceSeconds: seconds(3_600).describe(
        'Time until Kubernetes kills it: more than lookAwaySeconds, config.server.drainMs and 15 s together.',
      ),
    })
    .describe('How a pod ends without a failed request.'),
  probes: z
    .strictObject({
      startupSeconds: seconds(600).describe('Time for the process to answer.'),
      readinessPeriodSeconds: seconds(60).describe('Time between two readiness probes.'),
      livenessPeriodSeconds: seconds(300).describe('Time between two liveness probes.'),
    })
    .describe('Probes of the gateway. Only readiness waits for engines.'),
  progressDeadlineSeconds: seconds(86_400).describe(
    'Time for a rollout: engines load before a pod is ready.',
  ),
};

const networkPolicy = z.strictObject({
  enabled: flag.describe('Deny everything but what the release needs; engines answer only its gateway.'),
  clients: list.describe('Who may reach the API; default: pods of the namespace.'),
  monitoring: list.describe('Who may scrape figures.'),
  operators: list.describe('Who may reach the admin API.'),
  egress: list.describe(
    'Rules for what is outside of the chart: engines, PostgreSQL, Redis, webhooks, traces.',
  ),
  kubernetesApi: z
    .strictObject({
      cidrs: z.array(z.string().min(1)).describe('Its addresses; empty for any.'),
      ports: z.array(port).min(1).describe('Its ports, as seen from a pod and behind its service.'),
    })
    .describe('The API of Kubernetes, where engines are found by it.'),
});

const pods = {
  serviceAccount: z
    .strictObject({
      create: flag.describe('Make one.'),
      name: kubernetesName.describe('Its name; empty for one from the release.'),
      annotations: strings.describe('Its annotations.'),
    })
    .describe('Whom the gateway runs as.'),
  rbac: z
    .strictObject({ create: flag.describe('Let it list and watch the EndpointSlices of its engines.') })
    .describe('Its rights.'),
  podAnnotations: strings.describe('Further annotations of its pods.'),
  podLabels: strings.describe('Further labels of its pods.'),
  podSecurityContext: kubernetes.describe('Of every pod of the chart; the default fits `restricted`.'),
  securityContext: kubernetes.describe('Of every container of the chart.'),
  nodeSelector: strings.describe('Nodes for the gateway.'),
  tolerations: list.describe('Taints that it bears.'),
  affinity: kubernetes.describe('Its affinity.'),
  priorityClassName: text.describe('Its priority class.'),
};

export const valuesSchema = z.strictObject({
  image: image.describe('The image of Assay.'),
  imagePullSecrets: list.describe('Secrets to pull images with.'),
  nameOverride: name.describe('Instead of the name of the chart.'),
  fullnameOverride: name.describe('Instead of release and chart, for all names.'),
  replicas: z.int().min(1).max(1_000).describe('Gateways, where nothing scales them.'),
  config: kubernetes.describe(
    "Assay's own configuration (docs/configuration.md). `storage`, `metrics`, `cache.redis`, hosts, ports and server.lookAwayMs come from the other values.",
  ),
  files: z
    .record(z.string().regex(/^[a-zA-Z0-9._-]+(\/[a-zA-Z0-9._-]+)?$/), text)
    .describe('Files beside the configuration, by path: certificates, rubrics/…, constitutions/….'),
  secretEnv: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), secretRef)
    .describe('Variables from secrets, for ${env:NAME} in the configuration.'),
  extraEnv: list.describe('Further variables.'),
  extraEnvFrom: list.describe('Further sources of variables.'),
  extraVolumes: list.describe('Further volumes.'),
  extraVolumeMounts: list.describe('Where they are mounted.'),
  storage: storage.describe('What is kept.'),
  migrations: z
    .strictObject({
      hook: flag.describe(
        'Bring the tables up to date before gateways roll (postgres); else the first gateway does.',
      ),
      timeoutSeconds: seconds(86_400).describe('Time for it.'),
    })
    .describe('Of the database.'),
  redis: redis.describe('Where gateways share labels.'),
  metrics: metrics.describe('Figures, alerts and dashboards.'),
  ...exposure,
  ...scale,
  networkPolicy: networkPolicy.describe('Who talks to whom.'),
  ...pods,
  engines: z
    .record(z.string().regex(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/), engineValues)
    .describe('Inference engines that the chart runs, by id; judges name them like those of config.engines.'),
  engineImages: z
    .strictObject({
      vllm: z.string().min(1).describe('Of vLLM.'),
      triton: z.string().min(1).describe('Of Triton.'),
    })
    .describe('Images of engines that name none.'),
  tests: z.strictObject({ enabled: flag.describe('Make the pod of `helm test`.') }).describe('helm test.'),
  checkSecrets: flag.describe(
    'Look whether named secrets exist before anything is installed, and roll pods when one changed. Needs the right to read them.',
  ),
  extraObjects: list.describe('Further objects; templates in them are rendered.'),
  global: kubernetes.optional().describe('Of a chart above; not read.'),
});
