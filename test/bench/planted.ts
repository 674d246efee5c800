/** The model that the stub serves, and its one opinion: the first word is better than the second. */
export const STUB_MODEL = 'stub';
export const PLANTED_BETTER = 'Canberra';
export const PLANTED_WORSE = 'Sydney';
