/* Addresses, and how people tell them apart. */
import { bloImage } from 'blo';
import { useRef, useState } from 'preact/hooks';
import { encode } from 'uqr';
import type { Party } from '../api/generated';
import { differing, groupsOf, shortAddress } from '../format/address';
import { clean } from '../format/clean';
import { T } from '../text';
import { Icon } from './basic';

/** A hint, never a proof. */
export function Identicon({ address }: { address: string }) {
  const [cells, colours] = bloImage(address.toLowerCase() as `0x${string}`);
  const hsl = ([h, s, l]: Iterable<number>): string => `hsl(${h} ${s}% ${l}%)`;
  const paint = [0, 1, 2].map((kind) => {
    let path = '';
    cells.forEach((cell, i) => {
      const [x, y] = [i % 4, Math.floor(i / 4)];
      if (cell === kind) {
        path += `M${x} ${y}h1v1h-1zM${7 - x} ${y}h1v1h-1z`;
      }
    });
    return path;
  });
  return (
    <svg class="identicon" viewBox="0 0 8 8" shape-rendering="crispEdges" aria-hidden="true">
      {paint.map((path, i) => <path key={i} d={path} fill={hsl(colours[i]!)} />)}
    </svg>
  );
}

/** Ten groups of four, alternate weight; copied without the gaps. */
export function Address({ value, compareTo }: { value: string; compareTo?: string }) {
  const t = T();
  const off = compareTo ? differing(value, compareTo) : new Set<number>();
  return (
    <span class="address mono" translate={false}>
      <span class="prefix">0x</span>
      {groupsOf(value).map((group, i) => (
        <span key={i} class={`${i % 2 ? 'odd' : 'even'}${off.has(i) ? ' differs' : ''}`}>{group}</span>
      ))}
      {off.size > 0 && <span class="sr">{t.address.differ(off.size)}</span>}
    </span>
  );
}

export function Short({ value }: { value: string }) {
  return <span class="mono short" translate={false}>{shortAddress(value)}</span>;
}

export function partyName(party: Party): string {
  return party.name ? clean(party.name, 40) : shortAddress(party.address);
}

/** Name and whole address. */
export function PartyFull({ party }: { party: Party }) {
  return (
    <span class="party">
      <Identicon address={party.address} />
      <span>{party.name && <strong class="block"><bdi>{clean(party.name, 40)}</bdi></strong>}<Address value={party.address} /></span>
    </span>
  );
}

export function CopyButton({ text, label, small }: { text: string; label: string; small?: boolean }) {
  const t = T();
  const [state, setState] = useState<'idle' | 'done' | 'failed'>('idle');
  const field = useRef<HTMLSpanElement>(null);
  const copy = (): void => {
    navigator.clipboard.writeText(text).then(
      () => {
        setState('done');
        setTimeout(() => setState('idle'), 4000);
      },
      () => {
        setState('failed');
        getSelection()?.selectAllChildren(field.current!);
      },
    );
  };
  return (
    <span class="copy">
      <button type="button" class={`button plain ${small ? 'small' : ''}`} onClick={copy}>
        <Icon name={state === 'done' ? 'check' : 'copy'} /><span>{state === 'done' ? t.common.copied : label}</span>
      </button>
      <span role="status" class={state === 'failed' ? '' : 'sr'}>{state === 'done' ? t.common.copied : state === 'failed' ? t.common.copyFailed : ''}</span>
      {state === 'failed' && <span class="mono select-all" ref={field}>{text}</span>}
    </span>
  );
}

/** Black on white in both themes, with a quiet zone of four modules. */
export function Qr({ text, label }: { text: string; label: string }) {
  const { size, data } = encode(text, { ecc: 'M', border: 4 });
  let path = '';
  data.forEach((row, y) => row.forEach((dark, x) => {
    if (dark) {
      path += `M${x} ${y}h1v1h-1z`;
    }
  }));
  return (
    <svg class="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label} shape-rendering="crispEdges">
      <rect width={size} height={size} fill="#fff" /><path d={path} fill="#000" />
    </svg>
  );
}
