/* Short news about what was just done. Never for errors. */
import { signal } from '@preact/signals';

export interface ToastView {
  text: string;
  undo?: () => void;
  number: number;
}

export const toast = signal<ToastView | null>(null);
let count = 0;

export function say(text: string, undo?: () => void): void {
  count += 1;
  toast.value = { text, undo, number: count };
}
