/* How the page looks follows the settings. */
import { effect } from '@preact/signals';
import { store } from '../store/store';
import { chooseLanguage, setLanguage } from '../text';

/** Language and theme follow the settings, from whichever window they are changed. */
export function followSettings(): void {
  effect(() => {
    const settings = store.settings.value;
    if (settings) {
      void setLanguage(chooseLanguage(settings.language, navigator.languages));
      document.documentElement.dataset['theme'] = settings.theme;
    }
  });
}
