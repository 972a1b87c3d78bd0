/* When Approve is alive. Pure, so that it is tested alone. */

export interface ApproveFacts {
  isAnswered: boolean;
  isBusy: boolean;
  isLinkUp: boolean;
  areKeysUp: boolean;
  isDoubtful: boolean;
  isBlocked: boolean;
  isDecoded: boolean;
  isStale: boolean;
  isTrialRunning: boolean;
  shownMs: number; /* since this revision was first shown */
  unticked: number;
  isSeen: boolean; /* the last line has been on screen */
  quietMs: number; /* since the last change of what is shown */
}

export type DeadWhy = 'answered' | 'busy' | 'lost' | 'keys' | 'doubtful' | 'blocked' | 'decoded' | 'stale' | 'trial' | 'ticked' | 'seen' | 'quiet';

export const QUIET_MS = 1000;
export const TRIAL_MS = 3000;
export const STALE_MS = 300_000;

/** The first reason why Approve is dead, or null. */
export function whyDead(f: ApproveFacts): DeadWhy | null {
  if (f.isAnswered) return 'answered';
  if (f.isBusy) return 'busy';
  if (!f.isLinkUp) return 'lost';
  if (!f.areKeysUp) return 'keys';
  if (f.isBlocked) return 'blocked';
  if (f.isDoubtful) return 'doubtful';
  if (!f.isDecoded) return 'decoded';
  if (f.isStale) return 'stale';
  if (f.isTrialRunning && f.shownMs < TRIAL_MS) return 'trial';
  if (!f.isSeen) return 'seen';
  if (f.unticked > 0) return 'ticked';
  return f.quietMs < QUIET_MS ? 'quiet' : null;
}
