/* Hands a file to the browser to keep. */
const URL_LIFE_MS = 60_000;

export function keepFile(name: string, type: string, parts: BlobPart[]): void {
  const url = URL.createObjectURL(new Blob(parts, { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), URL_LIFE_MS);
}

/** A name with the day in it. */
export const dated = (ms: number, ending: string): string => `passmesh-${new Date(ms).toISOString().slice(0, 10)}.${ending}`;
