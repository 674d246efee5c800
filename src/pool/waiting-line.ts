/**
 * Calls that wait for a free replica, first come, first served. Whoever is woken and leaves for good wakes
 * the next one, so that one free place after another is found.
 */
export interface WaitingLine {
  /** Waits to be woken: true then, false when the signal aborted. `again` goes back to the front. */
  wait(signal: AbortSignal, again: boolean): Promise<boolean>;
  wake(): void;
  length(): number;
}

export function createWaitingLine(): WaitingLine {
  // A set keeps its order and forgets those who leave in constant time.
  const front: (() => void)[] = [];
  const line = new Set<() => void>();
  return {
    wait(signal, again) {
      if (signal.aborted) return Promise.resolve(false);
      return new Promise((resolve) => {
        const leave = (woken: boolean): void => {
          signal.removeEventListener('abort', onAbort);
          line.delete(onWake);
          const index = front.indexOf(onWake);
          if (index >= 0) front.splice(index, 1);
          resolve(woken);
        };
        const onAbort = (): void => leave(false);
        const onWake = (): void => leave(true);
        signal.addEventListener('abort', onAbort, { once: true });
        if (again) front.push(onWake);
        else line.add(onWake);
      });
    },
    wake() {
      const next = front[0] ?? line.values().next().value;
      next?.();
    },
    length: () => line.size + front.length,
  };
}
