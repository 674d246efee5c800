import { describe, expect, it } from 'vitest';
import { createSeats } from '../../../src/pool/seats.ts';
import { manualClock } from '../../fakes/clock.ts';

function load(running: number, waiting: number) {
  return { running, waiting, cacheUse: null };
}

describe('the seats of a replica', () => {
  it('have no bound while its engine tells of no queue', () => {
    const seats = createSeats(manualClock());
    expect(seats.current()).toBe(Number.POSITIVE_INFINITY);
    seats.told(load(64, 0), 64);
    seats.told(load(64, 18), 82);
    expect(seats.current()).toBe(Number.POSITIVE_INFINITY);
  });

  it('are what runs, a quarter and two when all that waits inside the engine is from here', () => {
    const seats = createSeats(manualClock());
    seats.told(load(16, 48), 64);
    expect(seats.current()).toBe(22);
  });

  it('are learned from what is there, not from calls that are still on their way', () => {
    const seats = createSeats(manualClock());
    seats.told(load(16, 11), 42);
    expect(seats.current()).toBe(22);
  });

  it('tell what the engine works on of them', () => {
    const seats = createSeats(manualClock());
    expect(seats.working()).toBe(Number.POSITIVE_INFINITY);
    seats.told(load(16, 48), 64);
    expect(seats.working()).toBe(16);
    seats.told(load(1, 40), 41);
    expect(seats.working()).toBe(1);
  });

  it('are given up in proportion by all who fill the queue', () => {
    const seats = createSeats(manualClock());
    // 22 of 44 are wanted: of the 30 from here 15 stay.
    seats.told(load(16, 28), 30);
    expect(seats.current()).toBe(15);
  });

  it('keep one even where others fill the engine', () => {
    const seats = createSeats(manualClock());
    seats.told(load(16, 1_000), 1);
    expect(seats.current()).toBe(1);
  });

  it('grow by a quarter and one when they are taken and the queue is gone, not when they are free', () => {
    const seats = createSeats(manualClock());
    seats.told(load(16, 48), 64);
    seats.told(load(16, 0), 10);
    expect(seats.current()).toBe(22);
    seats.told(load(16, 4), 20);
    expect(seats.current()).toBe(28);
  });

  it('are forgotten after ten seconds without figures', () => {
    const clock = manualClock();
    const seats = createSeats(clock);
    seats.told(load(16, 48), 64);
    clock.advance(10_000);
    expect(seats.current()).toBe(22);
    clock.advance(1);
    expect(seats.current()).toBe(Number.POSITIVE_INFINITY);
  });
});
