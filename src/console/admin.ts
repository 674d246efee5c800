/** The replies of the admin API, as far as the console shows them. */
export interface List<T> {
  readonly data: readonly T[];
}

export interface Replica {
  readonly name: string;
  readonly ready: boolean;
  readonly reason: string | null;
  readonly inFlight: number;
  readonly limit: number;
  readonly breaker: string;
  readonly ejected: boolean;
  readonly draining: boolean;
}

export interface Engine {
  readonly engine: string;
  readonly kind: string;
  readonly model: string;
  readonly precision: string | null;
  readonly replicas: readonly Replica[];
  readonly queue: { readonly waiting: number; readonly running: number; readonly capacity: number | null };
}

export interface Lane {
  readonly team: string;
  readonly policy: string;
  readonly stratum: string;
  readonly state: string;
  readonly reason: string;
  readonly certificate: string | null;
  readonly observations: number;
  readonly released: number;
  readonly audited: number;
  readonly disagreed: number;
}

export interface Job {
  readonly id: string;
  readonly team: string;
  readonly policy: string;
  readonly state: string;
  readonly items: number;
  readonly finished: number;
  readonly labels_per_second: number | null;
  readonly cost_usd: number;
  readonly expected_end_at: number | null;
}

export interface Asked {
  readonly tier: string;
  readonly judge: string;
  readonly engine: string;
  readonly replica: string | null;
  readonly order: string | null;
  readonly p_first: number | null;
  readonly label_mass: number | null;
  readonly ms: number;
  readonly cost_usd: number;
  readonly error: { readonly code: string; readonly message: string } | null;
}

export interface RecentVerdict {
  readonly id: string;
  readonly item_id: string;
  readonly team: string;
  readonly policy: string;
  readonly task: string;
  readonly outcome: string;
  readonly label: string | null;
  readonly confidence: number | null;
  readonly tier: string | null;
  readonly cache: string | null;
  readonly cost_usd: number;
  readonly ms: number;
  readonly at: number;
  readonly flags: readonly string[];
  readonly decisions: readonly {
    readonly tier: string;
    readonly accepted: boolean;
    readonly reason: string;
  }[];
  readonly trail: readonly Asked[];
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** Why a call had no answer. */
export class Refused extends Error {
  /** A code of Assay's errors; null when what answered was not Assay. */
  readonly code: string | null;
  readonly needsKey: boolean;

  constructor(message: string, code: string | null, needsKey: boolean) {
    super(message);
    this.code = code;
    this.needsKey = needsKey;
  }
}

/** Longest wait for one reply, in milliseconds. */
const WAIT_MS = 10_000;

/** Asks the admin API that served this page. Throws `Refused`. */
export async function ask(path: string, key: string): Promise<Response> {
  const headers = key === '' ? {} : { authorization: `Bearer ${key}` };
  const reply = await fetch(path, { headers, signal: AbortSignal.timeout(WAIT_MS) });
  if (reply.ok) return reply;
  const error = await reply.json().then(
    (body: { error?: { message?: string; code?: string } }) => body.error,
    () => undefined,
  );
  const message = error?.message ?? `${path}: status ${reply.status}`;
  throw new Refused(message, error?.code ?? null, reply.status === 401);
}
