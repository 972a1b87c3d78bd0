/* Figures: amount, unit, grade, block and age belong together. */
import { useId, useState } from 'preact/hooks';
import type { Figure as FigureData, Trial } from '../api/generated';
import { shortPeer } from '../format/address';
import { showAmount } from '../format/amount';
import { age } from '../format/time';
import { clean } from '../format/clean';
import { now } from '../store/store';
import { sayCoded, T } from '../text';
import { Icon, type IconName } from './basic';

const STALE_MS = 60_000;
const LONG = 24; /* above this many characters a number may break */
const LONG_ALL = 14;
const GRADE_ICONS: Record<FigureData['grade'], IconName> = { proven: 'shield-check', agreed: 'users-round', reported: 'message-circle' };

/** Amount and unit as text: short, or with all digits. */
export function amountText(figure: Pick<FigureData, 'value' | 'decimals' | 'unit'>, all = false): string {
  return `${showAmount(BigInt(figure.value), figure.decimals, T().locale, all)}\u00a0${clean(figure.unit, 12)}`;
}

/** What was entered here is nobody's word: it is what gets signed. */
function isOwn(f: Pick<FigureData, 'why'>): boolean {
  return f.why === 'this_wallet';
}

export function gradeWord(f: Pick<FigureData, 'grade' | 'k' | 'n' | 'why'>): string {
  const t = T();
  if (isOwn(f)) return t.grade.own;
  return f.grade === 'agreed' ? t.grade.agreed(f.k, f.n) : t.grade[f.grade];
}

/** A button that opens why. */
export function GradeBadge({ figure, trial }: { figure: Omit<FigureData, 'value' | 'decimals' | 'unit'>; trial?: Trial }) {
  const t = T();
  const id = useId();
  const word = gradeWord(figure);
  const look = isOwn(figure) ? 'own' : figure.grade;
  const icon = isOwn(figure) ? 'key' : GRADE_ICONS[figure.grade];
  const isStale = now.value - figure.as_of_ms > STALE_MS && !isOwn(figure);
  return (
    <>
      <button type="button" class={`badge ${look}`} popovertarget={id} aria-label={t.grade.label(word)}>
        <Icon name={icon} /><span>{word}</span>
      </button>
      {isStale && <span class="stale"><Icon name="clock" />{t.state.stale(age(figure.as_of_ms, now.value, t))}</span>}
      <div id={id} popover="auto" class="popover" role="dialog" aria-label={t.grade.title}>
        <p class={`badge-line ${look}`}><Icon name={icon} /><strong>{word}</strong></p>
        <p>{sayCoded(t.why, { code: figure.why, params: {} })}</p>
        <p class="muted">
          {figure.block > 0 && `${t.grade.block(figure.block.toLocaleString(t.locale))} · `}{t.grade.age(age(figure.as_of_ms, now.value, t))}
        </p>
        {figure.anchor && figure.anchor !== 'none' && <p class="muted">{t.grade.anchor[figure.anchor]}</p>}
        {figure.grade !== 'proven' && figure.n > 0 && !isOwn(figure) && <p class="muted">{t.grade.said(figure.k, figure.n)}</p>}
        {trial?.state === 'done' && <p class="muted">{t.approve.trial.done(trial.block.toLocaleString(t.locale))}</p>}
        {figure.servers && figure.servers.length > 0 && (
          <p class="muted">{t.grade.servers}: <span class="mono">{figure.servers.map(shortPeer).join(', ')}</span></p>
        )}
        <button type="button" class="button small" popovertarget={id} popovertargetaction="hide">{t.common.close}</button>
      </div>
    </>
  );
}

export function Figure({ figure, sign = '', full, size, badge = true }: { figure: FigureData; sign?: string; full?: boolean; size?: 'big' | 'mid'; badge?: boolean }) {
  const t = T();
  const [all, setAll] = useState(false);
  const text = amountText(figure, full || all);
  const hides = !full && amountText(figure, true) !== amountText(figure, false);
  const shape = text.length > (full || all ? LONG_ALL : LONG) ? 'digits long' : 'digits';
  return (
    <span class={`figure ${size ?? ''}`}>
      {hides
        ? <button type="button" class={shape} aria-expanded={all} aria-label={`${sign}${text}. ${all ? t.figure.less : t.figure.all}`} onClick={() => setAll(!all)}>{sign}{text}</button>
        : <span class={shape}>{sign}{text}</span>}
      {badge && <GradeBadge figure={figure} />}
    </span>
  );
}
