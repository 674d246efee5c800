import type { BudgetOwner, LimitObserver } from '../../contracts/budgets.ts';
import type { Call } from '../../contracts/call.ts';
import type { Entered, ItemGate } from '../../contracts/item-gate.ts';
import { GatewayError } from '../../domain/errors.ts';
import { ownersOf } from '../owners.ts';
import { Room } from './room.ts';

export interface ItemGateOptions {
  /** Items that the owner may have under way now; undefined for no limit. */
  mostOf(owner: BudgetOwner): number | undefined;
  /** All who have a limit now. */
  limited(): Iterable<BudgetOwner>;
  readonly observer?: LimitObserver | undefined;
}

export interface ItemOffice extends ItemGate {
  /** The limits have changed: whoever has room now need not wait for another to leave. */
  changed(): void;
}

const NO_LIMIT: Entered = { ok: true, leave: () => undefined };
const RETRY_AFTER = 1;

/** Limits of items at once: a room for each team and policy that has one. It knows nothing of money. */
export function createItemGate({ mostOf, limited, observer }: ItemGateOptions): ItemOffice {
  const rooms = new Map<BudgetOwner, Room>();
  const roomOf = (owner: BudgetOwner): Room => {
    const room = rooms.get(owner) ?? new Room(() => mostOf(owner) ?? Infinity);
    rooms.set(owner, room);
    return room;
  };
  const limitedOf = (call: Call) => ownersOf(call).filter((owner) => mostOf(owner) !== undefined);
  return {
    admit(call) {
      if ((call.class ?? 'interactive') !== 'interactive') return;
      const full = limitedOf(call).find((owner) => !roomOf(owner).isOpen);
      if (full === undefined) return;
      observer?.refused(full, 'items');
      throw refusalOf(full, mostOf(full) ?? 0);
    },
    enter(call) {
      const wanted = limitedOf(call).map(roomOf);
      if (wanted.length === 0) return NO_LIMIT;
      if (!wanted.every(({ isOpen }) => isOpen)) return enterInOrder(wanted, call.signal);
      for (const room of wanted) room.enterNow();
      return insideOf(wanted);
    },
    states: () =>
      [...limited()].flatMap((owner) => {
        const most = mostOf(owner);
        const room = rooms.get(owner);
        if (most === undefined) return [];
        return [{ owner, most, underWay: room?.inside ?? 0, waiting: room?.waiting ?? 0 }];
      }),
    changed() {
      for (const room of rooms.values()) room.serve();
    },
  };
}

/** The team's room before the policy's: a team at its limit holds up nobody else who uses the policy. */
async function enterInOrder(rooms: readonly Room[], signal: AbortSignal): Promise<Entered> {
  const had: Room[] = [];
  for (const room of rooms) {
    const problem = await room.enter(signal);
    if (problem !== null) {
      for (const each of had) each.leave();
      return { ok: false, problem };
    }
    had.push(room);
  }
  return insideOf(had);
}

function insideOf(rooms: readonly Room[]): Entered {
  return {
    ok: true,
    leave() {
      for (const room of rooms) room.leave();
    },
  };
}

function refusalOf(owner: BudgetOwner, most: number): GatewayError {
  const [kind, name] = owner.split(':');
  const message = `the ${kind} ${name} has ${most} items under way, as many as it may have at once`;
  return new GatewayError('rate_limited', message, { retryAfterSeconds: RETRY_AFTER });
}
