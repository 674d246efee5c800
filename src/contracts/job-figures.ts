import type { JobState, JobWork } from '../domain/job.ts';

/** How all jobs in the store stand, whoever works on them. Ages in milliseconds by the store's clock. */
export interface JobFigures {
  readonly jobs: readonly {
    readonly work: JobWork;
    readonly state: JobState;
    readonly jobs: number;
    /** Items of theirs without an end. */
    readonly waiting: number;
  }[];
  /** Shards that somebody works on. */
  readonly leasedShards: number;
  /** Age of the oldest job with a shard that nobody works on; 0 when there is none. */
  readonly oldestMs: number;
  readonly outbox: { readonly waiting: number; readonly oldestMs: number };
}

export interface JobFigureReader {
  /** Throws `storage_unavailable`. */
  figures(): Promise<JobFigures>;
}
