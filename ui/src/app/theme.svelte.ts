/** Light, dark, or as the system says. Remembered on this machine only. */
export type ThemeChoice = 'system' | 'light' | 'dark';

const KEY = 'caisey.theme';

function remembered(): ThemeChoice {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === 'light' || kept === 'dark' ? kept : 'system';
  } catch {
    return 'system';
  }
}

class Theme {
  choice = $state<ThemeChoice>(remembered());

  apply(): void {
    if (this.choice === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = this.choice;
  }

  set(choice: ThemeChoice): void {
    this.choice = choice;
    this.apply();
    try {
      localStorage.setItem(KEY, choice);
    } catch {
      // Without storage the choice lasts until the window closes.
    }
  }
}

export const theme = new Theme();
