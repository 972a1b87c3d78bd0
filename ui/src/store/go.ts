/* Going to another screen, for features that may not know the routes. */
export function go(path: string): void {
  location.hash = `#/${path}`;
}

export function back(fallback: string): void {
  if (history.length > 1) {
    history.back();
  } else {
    go(fallback);
  }
}

/** What Send is filled with when it opens; never a guess, always a press of the person. */
export const prefill: { to?: string; asset?: string; amount?: string } = {};
