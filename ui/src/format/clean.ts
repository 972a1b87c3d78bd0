/* Text from strangers: no control and no bidi marks, nothing of zero width, cut. */
const MARKS = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u115f\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\u{e0000}-\u{e007f}]/gu;

export function clean(text: string, max = 80): string {
  const letters = [...text.replace(MARKS, '').replace(/[\u0300-\u036f]{3,}/g, '')];
  return letters.length > max ? `${letters.slice(0, max - 1).join('')}…` : letters.join('');
}
