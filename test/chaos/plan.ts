/** What the runs of this folder have in common. More kills: `ASSAY_CHAOS_KILLS=1000 npm run test:chaos`. */
export const KILLS = Number(process.env['ASSAY_CHAOS_KILLS'] ?? 25);
export const SEED = Number(process.env['ASSAY_CHAOS_SEED'] ?? Math.floor(Math.random() * 1e9));
export const CONCURRENCY = 8;

export function sayHowToRepeat(): void {
  console.log(`seed ${SEED}: ASSAY_CHAOS_SEED=${SEED} npm run test:chaos plays it again`);
}
