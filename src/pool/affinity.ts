import { spread } from '../domain/text-hash.ts';

/**
 * Rendezvous hashing: equal keys meet the same replica, and only its keys move when one goes away. How much a
 * key belongs to a replica; the highest rank wins.
 */
export function rankOf(keyHash: number, replicaHash: number): number {
  return spread(keyHash ^ replicaHash) >>> 0;
}
