/* The chosen language. Each is a file of its own, loaded alone; components read it through T(). */
import { signal } from '@preact/signals';
import type { Coded } from '../api/generated';
import { clean } from '../format/clean';
import type { Texts } from './en';
import type { AccountTexts } from './account_en';
import type { GuardianTexts } from './guardian_en';
import type { NetworkTexts } from './network_en';
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
  await Promise.all([serverTexts, accountTexts, guardianTexts, networkTexts].filter((late) => late.isLoaded()).map((late) => late.load()));
  document.documentElement.lang = texts.lang;
}

/** Texts that come with a screen: load() before it is drawn, then get(). */
class LateTexts<Of> {
  private readonly texts = signal<Of | null>(null);

  constructor(private readonly bring: (isChinese: boolean) => Promise<Of>) {}

  get(): Of {
    const texts = this.texts.value;
    if (!texts) {
      throw new Error('texts are read before they are loaded');
    }
    return texts;
  }

  isLoaded(): boolean {
    return this.texts.peek() !== null;
  }

  /** The texts, or null while they are brought; whoever asked is drawn again then. */
  seen(): Of | null {
    if (!this.isLoaded()) {
      void this.load();
    }
    return this.texts.value;
  }

  async load(): Promise<void> {
    this.texts.value = await this.bring(T().lang === 'zh-Hans');
  }
}

/** Of the screens Server and This computer. */
export const serverTexts = new LateTexts<ServerTexts>(async (isChinese) => (isChinese ? (await import('./server_zh')).serverZh : (await import('./server_en')).serverEn));

/** Of the protection of an account. */
export const accountTexts = new LateTexts<AccountTexts>(async (isChinese) => (isChinese ? (await import('./account_zh')).accountZh : (await import('./account_en')).accountEn));

/** Of guardians and recovery. */
export const guardianTexts = new LateTexts<GuardianTexts>(async (isChinese) => (isChinese ? (await import('./guardian_zh')).guardianZh : (await import('./guardian_en')).guardianEn));

/** Of evidence on the screen Network. */
export const networkTexts = new LateTexts<NetworkTexts>(async (isChinese) => (isChinese ? (await import('./network_zh')).networkZh : (await import('./network_en')).networkEn));

const PARAM_MAX = 120;

/** The texts about settings of an account, which come late: kinds of operations, rows of the history. */
export const settingTexts = (): AccountTexts['setting'] | null => accountTexts.seen()?.setting ?? null;

const isLate = (kindOrCode: string): boolean => /^(guardians|limit|known|recovery|session|cosigner|carry|owners)_/.test(kindOrCode);

/** The sentence of a risk; null while it is brought. */
export function sayRisk(coded: Coded): string | null {
  if (!isLate(coded.code)) {
    return sayCoded(T().risk, coded);
  }
  const late = settingTexts();
  return late && sayCoded(late.risk, coded);
}

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
