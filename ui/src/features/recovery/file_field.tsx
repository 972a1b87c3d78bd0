/* A file of the person's, chosen with the browser's own dialog. */
import { useId } from 'preact/hooks';

export function FileField({ label, busy, onFile, testId }: { label: string; busy: boolean; onFile(file: File): void; testId: string }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input id={id} type="file" disabled={busy} data-test={testId} onChange={(event) => {
        const file = event.currentTarget.files?.[0];
        if (file) {
          onFile(file);
        }
        event.currentTarget.value = ''; /* so that the same file can be chosen again */
      }} />
    </div>
  );
}
