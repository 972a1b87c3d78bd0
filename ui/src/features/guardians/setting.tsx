/* Other guardians: begun here, and carried out or stopped as any setting that waits. */
import { useState } from 'preact/hooks';
import type { Account } from '../../api/generated';
import { go } from '../../store/go';
import { currentNetwork, offers, putOperation } from '../../store/store';
import { command, useDoing } from '../../store/use';
import { guardianTexts, T } from '../../text';
import { Button, ErrorPanel } from '../../widgets/basic';
import { TextField } from '../../widgets/form';

const LINES_MAX = 8000;
const TOGETHER_MAX = 5; /* signatures that one recovery carries */

/** Texts or addresses, each with a name before it or none: "Anna = text". */
function guardiansIn(text: string): { name: string; text: string }[] {
  return text.split('\n').flatMap((line) => {
    const sign = line.indexOf('=');
    const [first, ...others] = line.slice(sign + 1).split(/\s+/).filter(Boolean);
    return first === undefined ? [] : [{ name: sign < 0 ? '' : line.slice(0, sign).trim(), text: first }, ...others.map((o) => ({ name: '', text: o }))];
  });
}

export function TheSetting({ account }: { account: Account }) {
  const t = guardianTexts.get();
  const network = currentNetwork.value;
  const [text, setText] = useState('');
  const [threshold, setThreshold] = useState('');
  const [days, setDays] = useState('2');
  const doing = useDoing();
  const rows = guardiansIn(text);
  const list = rows.map((r) => r.text);
  const wanted = parseInt(threshold, 10);
  const isNumber = list.length === 0 || (Number.isInteger(wanted) && wanted >= 1 && wanted <= Math.min(list.length, TOGETHER_MAX));
  const isDays = /^\d{1,2}$/.test(days) && parseInt(days, 10) >= 1 && parseInt(days, 10) <= 30;
  const begin = async (): Promise<void> => {
    const operation = network && await doing.run(() => command('guardians_prepare', {
      account_id: account.id, network_id: network.id, guardians: list, names: rows.map((r) => r.name), threshold: list.length ? wanted : 0, days: parseInt(days, 10), speed: 'normal',
    }));
    if (operation) {
      putOperation(operation);
      go(`approve/${operation.id}`);
    }
  };
  if (!offers('guardians_prepare')) {
    return null;
  }
  return (
    <details data-test="set-guardians">
      <summary>{t.set}</summary>
      <p>{t.setHelp}</p>
      <TextField label={t.list} value={text} onValue={setText} rows={4} max={LINES_MAX} mono testId="set-list" />
      <div class="columns">
        <TextField label={t.threshold} value={threshold} onValue={setThreshold} max={1} error={threshold && !isNumber ? t.badNumber : undefined} testId="set-threshold" />
        <TextField label={t.days} value={days} onValue={setDays} max={2} error={isDays ? undefined : t.badDays} testId="set-days" />
      </div>
      <Button busy={doing.busy} disabledWhy={!isDays ? t.badDays : isNumber ? undefined : t.badNumber} onPress={() => void begin()} testId="set-begin">{t.begin}</Button>
      {doing.error && <ErrorPanel what={T().what.prepare} error={doing.error} />}
    </details>
  );
}
