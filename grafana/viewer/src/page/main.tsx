import { type DataFrame, dateTime, type GrafanaTheme2, ThemeContext } from '@grafana/data';
import { GlobalStyles, PortalContainer } from '@grafana/ui';
import { createRoot } from 'react-dom/client';
import type { AnsweredBoard } from '../board.ts';
import { Dashboard } from './dashboard.tsx';
import { prepared, startGrafana, themeOf } from './prepare.ts';

/** What the tool hands to the page; the page says when it is drawn, and which panels could not be. */
declare global {
  interface Window {
    answered: AnsweredBoard & { readonly mode: 'light' | 'dark'; readonly width: number };
    drawn?: { readonly failures: readonly string[] };
  }
}

async function draw(): Promise<void> {
  startGrafana();
  const { answered } = window;
  const theme: GrafanaTheme2 = themeOf(answered.mode);
  const data = new Map<number, DataFrame[]>();
  const failures: string[] = [];
  for (const panel of answered.board.panels) {
    try {
      if (panel.type !== 'row') data.set(panel.id, await prepared(answered, panel, theme));
    } catch (error) {
      failures.push(`${panel.title}: ${String(error)}`);
    }
  }
  const [from, to] = [dateTime(answered.fromMs), dateTime(answered.toMs)];
  createRoot(document.querySelector('#root')!).render(
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <PortalContainer />
      <Dashboard answered={answered} data={data} theme={theme} timeRange={{ from, to, raw: { from, to } }} />
    </ThemeContext.Provider>,
  );
  // Legends and axes measure themselves once more after they are drawn.
  setTimeout(() => {
    window.drawn = { failures };
  }, 2_500);
}

void draw();
