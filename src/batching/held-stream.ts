import type { GenerationEvent } from '../contracts/engine.ts';
import type { Usage } from '../domain/cost.ts';

/**
 * The same events, and a word when they are over, however that came about: with the usage where the engine told
 * it. By hand instead of a generator, which would cost every token several turns of the microtask queue.
 */
export function watchEnd(
  events: AsyncIterable<GenerationEvent>,
  onEnd: (usage: Usage | null) => void,
): AsyncIterable<GenerationEvent> {
  return {
    [Symbol.asyncIterator]() {
      const inner = events[Symbol.asyncIterator]();
      const pass = (step: IteratorResult<GenerationEvent>): IteratorResult<GenerationEvent> => {
        if (step.done === true) onEnd(null);
        else if (step.value.type !== 'chunk') onEnd(step.value.type === 'end' ? step.value.usage : null);
        return step;
      };
      const fail = (error: unknown): never => {
        onEnd(null);
        throw error;
      };
      return {
        next: () => inner.next().then(pass, fail),
        async return() {
          try {
            await inner.return?.();
          } finally {
            onEnd(null);
          }
          return { done: true, value: undefined };
        },
      };
    },
  };
}
