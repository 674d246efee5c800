import type { CallClass } from './call.ts';

/** What a key allows: `submit` asks for work and steers it, `read` looks, `admin` opens the admin API. None holds another. */
export type Scope = 'submit' | 'read' | 'admin';

/** Who calls. Only an `Authenticator` makes one; there is no empty principal. */
export interface Principal {
  readonly team: string;
  /** Id of the key used, for logs; null for the anonymous team of a gateway without keys. */
  readonly keyId: string | null;
  readonly scopes: ReadonlySet<Scope>;
  /** Policies the team may use; null means all. */
  readonly policies: ReadonlySet<string> | null;
  /** Classes that its requests may name; absent means all. */
  readonly classes?: ReadonlySet<CallClass>;
}

/** What a caller shows. */
export interface Credentials {
  /** The `Authorization` header: Bearer, or Basic with the key as user name. */
  readonly authorization: string | undefined;
  /** IP address of the caller's socket: failures are counted by it. */
  readonly address: string;
}

/**
 * Why nobody was let in. `unauthenticated` for every fault of the credentials, so that nobody learns which;
 * `rate_limited` for a caller with too many of them; `storage_unavailable` when nobody knows.
 */
export interface Refusal {
  readonly code: 'unauthenticated' | 'rate_limited' | 'storage_unavailable';
  /** Milliseconds after which trying again makes sense; null where nothing is known. */
  readonly retryAfterMs: number | null;
}

export type Authentication =
  | { readonly ok: true; readonly principal: Principal }
  | { readonly ok: false; readonly refusal: Refusal };

export interface Authenticator {
  /** Stands before every request: answers at once where it can. Never throws and never rejects. */
  authenticate(credentials: Credentials): Authentication | Promise<Authentication>;
}
