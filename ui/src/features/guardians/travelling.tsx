/* A text that goes to somebody else: to copy, or to be scanned. */
import { guardianTexts } from '../../text';
import { CopyButton, Qr } from '../../widgets/address';

export function Travelling({ text, label, testId }: { text: string; label: string; testId: string }) {
  const t = guardianTexts.get();
  return (
    <div class="travelling">
      <p class="mono break" data-test={testId}>{text}</p>
      <div class="row"><CopyButton text={text} label={`${t.copy}: ${label}`} /></div>
      <details><summary>{t.qr}</summary><Qr text={text} label={`${t.qr}: ${label}`} /></details>
    </div>
  );
}
