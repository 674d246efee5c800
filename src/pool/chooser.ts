import type { Call } from '../contracts/call.ts';
import type { Clock, Random } from '../contracts/clock.ts';
import type { EngineFailure, EngineResult } from '../contracts/engine.ts';
import type { QuestionKind, TypicalTimes } from '../contracts/resilience.ts';
import { GatewayError } from '../domain/errors.ts';
import type { Member } from './member.ts';
import { createPicker } from './picker.ts';
import { createWaitingLine } from './waiting-line.ts';

/**
 * Chooses a member for a call. The queue before the engine lets no more calls in than the members bear; when they
 * turn out to bear less, or a retry comes back to a place that is taken, the call waits here.
 */
export interface Chooser {
  /** `enter` is called at the moment of the choice, so that the next one sees its call. */
  choose<T>(call: Call, wish: Wish, enter: (member: Member, reason: string) => T): Promise<EngineResult<T>>;
  /** True while a replica that is none of `asked` could take a call. */
  hasOther(asked: readonly (string | null)[]): boolean;
  /** A call on this member is over. */
  freed(member: Member): void;
  /** Members came, went, or changed. */
  changed(): void;
}

/** What a call wants of its replica. */
export interface Wish {
  readonly kind: QuestionKind;
  /** Names of replicas that are taken only when there is no other. */
  readonly avoid: readonly string[];
  readonly affinity: string | undefined;
}

export interface ChooserOptions {
  readonly engine: string;
  readonly members: () => readonly Member[];
  readonly onFreed: (member: Member) => void;
  readonly typicalTimes: TypicalTimes;
  readonly random: Random;
  readonly clock: Clock;
}

export function createChooser(options: ChooserOptions): Chooser {
  const { engine, members, clock } = options;
  const pick = createPicker(members, options.random);
  const line = createWaitingLine();

  return {
    async choose(call, { kind, avoid, affinity }, enter) {
      let waited = false;
      for (;;) {
        const tooLate = latenessOf(call.deadline - clock.monotonic(), options.typicalTimes.median(kind));
        if (tooLate !== null) {
          if (waited) line.wake();
          return ended('deadline_exceeded', tooLate);
        }
        // Whoever comes while others wait goes behind them.
        const picked = waited || line.length() === 0 ? pick(avoid, affinity) : BUSY;
        if (picked.reason !== 'busy' || picked.candidate !== null) {
          const chosen = picked.candidate === null ? null : enter(picked.candidate, picked.reason);
          if (waited) line.wake();
          return chosen === null ? noneReady(engine, members()) : { ok: true, value: chosen };
        }
        if (!(await line.wait(call.signal, waited))) return aborted(call.signal);
        waited = true;
      }
    },
    hasOther: (asked) =>
      members().some(
        (member) =>
          !asked.includes(member.name) &&
          member.isUsable() &&
          !member.isEjected() &&
          member.refusal() === null,
      ),
    freed(member) {
      options.onFreed(member);
      line.wake();
    },
    changed: () => line.wake(),
  };
}

const BUSY = { candidate: null, reason: 'busy' } as const;
const TOO_LATE = 'the deadline passed before a replica was free';
/** Why a call cannot end in time, and would only keep others from it; null when it can. */
function latenessOf(leftMs: number, neededMs: number | null = 0): string | null {
  if (leftMs <= 0) return TOO_LATE;
  if (neededMs === null || leftMs >= neededMs) return null;
  return `such a call takes some ${Math.ceil(neededMs)} ms, and ${Math.floor(leftMs)} ms are left`;
}

function ended(
  code: EngineFailure['code'],
  message: string,
): { readonly ok: false; readonly failure: EngineFailure } {
  return { ok: false, failure: { code, message, sent: false, blamesReplica: false } };
}

function aborted(signal: AbortSignal): { readonly ok: false; readonly failure: EngineFailure } {
  const reason: unknown = signal.reason;
  return reason instanceof GatewayError
    ? ended(reason.code, reason.message)
    : ended('cancelled', 'the call was cancelled');
}

function noneReady(
  engine: string,
  members: readonly Member[],
): { readonly ok: false; readonly failure: EngineFailure } {
  const usable = members.some((member) => member.isUsable());
  // Why they are not ready is for operators (/readyz, assay doctor): it may name what the engine serves.
  const message = usable
    ? `no replica of the engine "${engine}" takes calls (too many of them failed; it is tried again soon)`
    : `no replica of the engine "${engine}" is ready`;
  return ended('engine_unavailable', message);
}
