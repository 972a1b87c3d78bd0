/* The texts of the screens Server and This computer, beside those of every screen. */
import type { Texts } from './en';
import type { ServerTexts } from './server_en';
import { serverTexts, T as common } from './index';

export function T(): Texts & ServerTexts {
  return { ...common(), ...serverTexts.get() };
}
