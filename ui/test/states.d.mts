export function make(now: number): unknown;
