/* A list with one row height: whole below 200 rows, windowed above. Up and Down go from row to row. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

const PLAIN_MAX = 200;
const SPARE = 12;

function onArrow(event: KeyboardEvent): void {
  const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
  if (step !== 0) {
    const rows = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>('a')];
    const next = rows[rows.indexOf(document.activeElement as HTMLElement) + step];
    if (next) {
      event.preventDefault();
      next.focus();
    }
  }
}

export function WindowedList<R>({ rows, rowHeight, draw }: { rows: R[]; rowHeight: number; draw(row: R, index: number): ComponentChildren }) {
  const box = useRef<HTMLUListElement>(null);
  const [range, setRange] = useState<[number, number]>([0, 40]);
  const isPlain = rows.length <= PLAIN_MAX;
  useEffect(() => {
    if (isPlain) {
      return undefined;
    }
    const place = (): void => {
      const above = -(box.current?.getBoundingClientRect().top ?? 0);
      const first = Math.max(0, Math.floor(above / rowHeight) - SPARE);
      const count = Math.ceil(innerHeight / rowHeight) + 2 * SPARE;
      setRange((old) => (old[0] === first && old[1] === first + count ? old : [first, first + count]));
    };
    place();
    addEventListener('scroll', place, { passive: true });
    addEventListener('resize', place);
    return () => {
      removeEventListener('scroll', place);
      removeEventListener('resize', place);
    };
  }, [isPlain, rowHeight]);
  if (isPlain) {
    return <ul class="list" onKeyDown={onArrow}>{rows.map(draw)}</ul>;
  }
  const [from, to] = [Math.min(range[0], rows.length), Math.min(range[1], rows.length)];
  return (
    <ul class="list windowed" ref={box} onKeyDown={onArrow}>
      {from > 0 && <li aria-hidden="true"><svg width="1" height={from * rowHeight} /></li>}
      {rows.slice(from, to).map((row, i) => draw(row, from + i))}
      {to < rows.length && <li aria-hidden="true"><svg width="1" height={(rows.length - to) * rowHeight} /></li>}
    </ul>
  );
}
