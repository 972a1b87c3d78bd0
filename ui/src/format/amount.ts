/* Amounts: whole numbers of the smallest unit as BigInt, never a JS number. Cut towards zero, never rounded up. */

const DECIMALS_SHORT = 6;

/** "1.5" for 1500…n with 18 decimals: exact, no grouping, no trailing zeros. */
export function toDecimal(value: bigint, decimals: number): string {
  const digits = value.toString().padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, '');
  return fraction ? `${whole}.${fraction}` : whole;
}

export type Parsed = { value: bigint } | { fault: 'empty' | 'comma' | 'not' | 'decimals' };

/** What was typed, or why it is no amount. Nothing is guessed: a comma is refused. */
export function parseAmount(text: string, decimals: number): Parsed {
  if (text === '') {
    return { fault: 'empty' };
  }
  if (text.includes(',') || text.includes('，')) {
    return { fault: 'comma' };
  }
  const match = /^([0-9]{1,78})(?:\.([0-9]*))?$/.exec(text);
  if (!match) {
    return { fault: 'not' };
  }
  const fraction = match[2] ?? '';
  if (fraction.length > decimals) {
    return { fault: 'decimals' };
  }
  const value = BigInt(match[1] + fraction.padEnd(decimals, '0'));
  return value < 1n << 256n ? { value } : { fault: 'not' };
}

/** Digits for the eye: grouped, at most six decimals unless all; "…" says that digits are hidden. */
export function showAmount(value: bigint, decimals: number, locale: string, all: boolean): string {
  const most = all ? decimals : Math.min(decimals, DECIMALS_SHORT);
  const short = decimals > most ? value / 10n ** BigInt(decimals - most) : value;
  if (short === 0n && value > 0n) {
    return `<${toDecimal(1n, most)}`;
  }
  const format = new Intl.NumberFormat(locale, { maximumFractionDigits: most, roundingMode: 'trunc' } as Intl.NumberFormatOptions);
  const hidden = decimals > most && short * 10n ** BigInt(decimals - most) !== value;
  return format.format(toDecimal(short, most) as unknown as bigint) + (hidden ? '…' : '');
}
