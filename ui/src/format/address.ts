/* Addresses as people compare them: ten groups of four, EIP-55 case kept. */

export function groupsOf(address: string): string[] {
  return address.slice(2).match(/.{1,4}/g) ?? [];
}

/** Only beside a name or in lists, never where money moves. */
export function shortAddress(address: string): string {
  return `${address.slice(0, 8)}…${address.slice(-6)}`;
}

export function shortPeer(id: string): string {
  return id.length <= 14 ? id : `${id.slice(0, 6)}…${id.slice(-6)}`;
}

/** Numbers of the groups that differ. */
export function differing(a: string, b: string): Set<number> {
  const other = groupsOf(b);
  const out = new Set<number>();
  groupsOf(a).forEach((group, i) => {
    if (group.toLowerCase() !== other[i]?.toLowerCase()) {
      out.add(i);
    }
  });
  return out;
}
