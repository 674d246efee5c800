import { z } from 'zod';

/** A whole number of milliseconds. */
export const ms = (least: number, most: number) => z.int().min(least).max(most);
