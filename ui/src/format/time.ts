/* Time of day, age and span, the same in both languages but for their words. */
import type { Texts } from '../text';

const two = (n: number): string => String(n).padStart(2, '0');

/** "4 s", "12 min", "3 h", "2 d". */
export function span(ms: number, t: Texts): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) {
    return t.time.s(s);
  }
  if (s < 3600) {
    return t.time.min(Math.floor(s / 60));
  }
  return s < 86400 ? t.time.h(Math.floor(s / 3600)) : t.time.d(Math.floor(s / 86400));
}

export function clock(ms: number): string {
  const s = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(s / 60)}:${two(s % 60)}`;
}

export function age(ms: number, now: number, t: Texts): string {
  const passed = now - ms;
  return passed < 1000 ? t.time.now : t.time.ago(span(passed, t));
}

/** Day and time of something to come. */
export function due(ms: number): string {
  const d = new Date(ms);
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${two(d.getHours())}:${two(d.getMinutes())}`;
}

/** Under an hour the age; today the time; before that day and time. */
export function moment(ms: number, now: number, t: Texts): string {
  if (ms === 0) {
    return t.time.never;
  }
  if (now - ms < 3_600_000) {
    return age(ms, now, t);
  }
  const d = new Date(ms);
  const time = `${two(d.getHours())}:${two(d.getMinutes())}`;
  return new Date(now).toDateString() === d.toDateString() ? time : due(ms);
}

export function gibibytes(kib: number, locale: string): string {
  const gib = kib / 1048576;
  return `${gib.toLocaleString(locale, { maximumFractionDigits: gib < 100 ? 1 : 0, roundingMode: 'trunc' } as Intl.NumberFormatOptions)} GiB`;
}

export function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1048576)} MiB`;
}
