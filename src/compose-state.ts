import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { createBuilds } from './caching/builds.ts';
import { createAuthenticator } from './compose-authenticators.ts';
import { type ConfiguredEngines, createEngines } from './compose-engines.ts';
import { createFeedbackPolicies } from './compose-feedback.ts';
import { createJudges } from './compose-judges.ts';
import type { LabelCache } from './compose-label-cache.ts';
import type { Parts } from './compose-parts.ts';
import type { Evidence } from './compose-evidence.ts';
import type { Ledger } from './compose-ledger.ts';
import { budgeted, type Tenancy } from './compose-tenancy.ts';
import { createJobSampler } from './compose-sampling.ts';
import { policyInfos } from './compose-routing.ts';
import type { LoadedConfig } from './config/loader.ts';
import type { Config } from './config/schema.ts';
import type { BackgroundService } from './contracts/background.ts';
import type { LineRelay } from './contracts/batches.ts';
import type { Engine } from './contracts/engine.ts';
import type { FeedbackService } from './contracts/feedback.ts';
import type { JobService } from './contracts/jobs.ts';
import { createHoldingFeedback } from './feedback/holding.ts';
import { createRecordedFeedback } from './feedback/recorded.ts';
import { createFeedbackService } from './feedback/service.ts';
import type { GatewayDeps, StoredBatches } from './http/deps.ts';
import { createLineRelay } from './http/openai-batches/relay.ts';
import { createFence } from './judging/fence.ts';
import type { createOwnKey } from './tenancy/config-keys.ts';

/** All that requests are answered from. A reload makes a new one; the one before goes when nobody needs it. */
export interface GatewayState {
  readonly loaded: LoadedConfig;
  readonly engines: ConfiguredEngines;
  readonly deps: GatewayDeps;
  /** For durable jobs, which keep their verdicts themselves. */
  readonly unrecorded: FeedbackService;
  /** For batches. */
  readonly relay: LineRelay;
}

/** Takes over the engines of `before` that did not change. Throws when something cannot be made. */
export async function createState(
  loaded: LoadedConfig,
  lasting: Lasting,
  before: ConfiguredEngines,
): Promise<GatewayState> {
  const { config } = loaded;
  const { parts, ownKey, evidence, ledger } = lasting;
  parts.telemetry?.use(config);
  const engines = await createEngines(loaded, { ...parts, teams: lasting.tenancy.teams }, before);
  const pools = budgeted(engines, lasting.tenancy);
  const unrecorded = createFeedback(loaded, pools, lasting);
  const feedback = recorded(unrecorded, config, lasting);
  const deps: GatewayDeps = {
    ...parts,
    authenticator: createAuthenticator(config, ownKey.team, {
      ...parts,
      directory: lasting.tenancy.teams,
      issuers: lasting.tenancy.issuers,
    }),
    feedback,
    held: createHoldingFeedback(feedback, parts.clock),
    outcomes: evidence.outcomes,
    quality: evidence.quality,
    jobs: lasting.jobs,
    stored: lasting.stored,
    background: lasting.background,
    budgets: lasting.tenancy.budgets,
    items: lasting.tenancy.items,
    sampler: createJobSampler,
    ledger: ledger === null ? null : { journal: ledger.journal, costs: ledger.costsOf(config) },
    policies: policyInfos(config, evidence, parts),
    engines: pools,
    requests: parts.telemetry?.requests,
    tracing: parts.telemetry?.tracing,
    rubrics: loaded.rubrics,
    constitutions: loaded.constitutions,
    limits: {
      bodyBytes: config.server.bodyLimitBytes,
      maxItems: config.server.maxItems,
      jobBytes: config.jobs.bodyLimitBytes,
      retentionDays: config.jobs.retentionDays,
    },
    heartbeatMs: config.server.heartbeatMs,
    drainMs: config.server.drainMs,
    lookAwayMs: config.server.lookAwayMs,
    logged: config.log.requests,
    version: packageVersion(),
  };
  const relay = createLineRelay(deps, config.jobs.itemTimeoutMs);
  lasting.tenancy.use(config);
  return { loaded, engines, deps, unrecorded, relay };
}

/** What one state hands to the next. */
export interface Lasting {
  readonly parts: Parts;
  readonly ownKey: OwnKey;
  readonly evidence: Evidence;
  /** Null where nothing is kept. */
  readonly jobs: JobService | null;
  /** Null where nothing is kept. */
  readonly stored: StoredBatches | null;
  /** Null where nothing is kept. */
  readonly background: BackgroundService | null;
  /** Null where nothing is kept. */
  readonly ledger: Ledger | null;
  readonly labels: LabelCache;
  readonly tenancy: Tenancy;
}

type OwnKey = ReturnType<typeof createOwnKey>;

function createFeedback(
  loaded: LoadedConfig,
  engines: ReadonlyMap<string, Engine>,
  { parts, evidence, labels, ledger, tenancy }: Lasting,
): FeedbackService {
  const { certificates = new Map(), anchors = new Map(), canaries = new Map() } = loaded;
  const fence = createFence(loaded.config.prompts.secret ?? parts.secret);
  const judges = createJudges(loaded, engines, { ...parts, fence });
  const builds = createBuilds((id) => engines.get(id)?.replicas(), parts.clock);
  const routing = {
    ...loaded,
    engines,
    judges,
    certificates,
    anchors,
    canaries,
    evidence,
    ledger,
    parts,
    labels,
    builds,
  };
  const policies = createFeedbackPolicies(routing);
  const { random, logger, clock, telemetry } = parts;
  return createFeedbackService({
    policies,
    items: tenancy.items,
    random,
    logger,
    clock,
    observer: telemetry?.verdicts,
  });
}

/** Keeps every verdict of synchronous traffic. */
function recorded(
  feedback: FeedbackService,
  { policies }: Config,
  { parts, ledger }: Pick<Lasting, 'parts' | 'ledger'>,
): FeedbackService {
  if (ledger === null) return feedback;
  const committed = Object.entries(policies).filter(([, { commit }]) => commit === 'before_reply');
  return createRecordedFeedback(feedback, {
    journal: ledger.journal,
    committed: new Set(committed.map(([name]) => name)),
    now: () => parts.clock.now(),
  });
}

export function packageVersion(): string {
  const text = readFileSync(join(import.meta.dirname, '../package.json'), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}
