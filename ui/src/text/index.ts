/* The chosen language. Each is a file of its own, loaded alone; components read it through T(). */
import { signal } from '@preact/signals';
import type { Coded } from '../api/generated';
import { clean } from '../format/clean';
import type { Texts } from './en';
import type { ServerTexts } from './server_en';

export type { Texts } from './en';
export type Language = 'en' | 'zh-Hans';

const current = signal<Texts | null>(null);

/** The texts of the chosen language; a component that calls it is drawn again when it changes. */
export function T(): Texts {
  const texts = current.value;
  if (!texts) {
    throw new Error('texts are read before they are loaded');
  }
  return texts;
}

export function chooseLanguage(setting: string, wanted: readonly string[]): Language {
  if (setting === 'en' || setting === 'zh-Hans') {
    return setting;
  }
  for (const tag of wanted) {
    if (/^zh\b/i.test(tag)) {
      return 'zh-Hans';
    }
    if (/^en\b/i.test(tag)) {
      return 'en';
    }
  }
  return 'en';
}

/** Loads a language and puts it on the page; <html lang> follows, so that glyphs are right. */
export async function setLanguage(language: Language): Promise<void> {
  const texts = language === 'zh-Hans' ? (await import('./zh')).zh : (await import('./en')).en;
  current.value = texts;
  if (server.peek()) {
    await loadServerTexts();
  }
  document.documentElement.lang = texts.lang;
}

const server = signal<ServerTexts | null>(null);

/** The texts of the screen Server, once loadServerTexts has brought them. */
export function serverTexts(): ServerTexts {
  const texts = server.value;
  if (!texts) {
    throw new Error('texts are read before they are loaded');
  }
  return texts;
}

export async function loadServerTexts(): Promise<void> {
  server.value = T().lang === 'zh-Hans' ? (await import('./server_zh')).serverZh : (await import('./server_en')).serverEn;
}

const PARAM_MAX = 120;

type Table = Record<string, (p: never) => string>;

/** The sentence of a code that came from the daemon, which may be newer than this page. */
export function sayCoded(table: Table, coded: Coded): string {
  const sentence = table[coded.code] as ((p: Record<string, string>) => string) | undefined;
  if (!sentence) {
    return T().unknownCode(coded.code);
  }
  const params = new Proxy(coded.params, { get: (target, key) => clean(target[String(key)] ?? '?', PARAM_MAX) }); /* a stranger's words may be in it */
  return sentence(params);
}
