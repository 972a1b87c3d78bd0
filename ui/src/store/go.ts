/* Going to another screen, for features that may not know the routes. */
export function go(path: string): void {
  location.hash = `#/${path}`;
}

/** The screen that is left is not come back to: what it asked is answered. */
export function goInstead(path: string): void {
  location.replace(`#/${path}`);
}

/** What Send is filled with when it opens; never a guess, always a press of the person. */
export const prefill: { to?: string; asset?: string; amount?: string } = {};
