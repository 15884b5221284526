import type { BrowserContextOptions, Page } from 'playwright-core';

/** How a page is looked at. */
export interface Look {
  /** In CSS pixels. 320 is also what 1280 is at a zoom of 400 % (WCAG 2.2, success criterion 1.4.10). */
  readonly width: number;
  readonly height: number;
  readonly scheme: 'light' | 'dark';
  readonly reducedMotion: boolean;
  /** The colours of the system in place of the page's, as Windows' high contrast mode has it. */
  readonly forcedColours: boolean;
}

const plain: Look = { width: 1280, height: 800, scheme: 'light', reducedMotion: false, forcedColours: false };

/** Every page is tried with each of them. */
export const looks: Readonly<Record<string, Partial<Look>>> = {
  light: {},
  dark: { scheme: 'dark' },
  'light, 390 px': { width: 390 },
  'dark, 320 px': { width: 320, scheme: 'dark' },
  'forced colours': { forcedColours: true, reducedMotion: true },
};

/** The options of a context of Chromium for a look; what it does not say is as on a desk, by day. */
export function contextOptions(look: Partial<Look>): BrowserContextOptions {
  return { viewport: sizeOf(look), ...mediaOf(look), locale: 'en-GB', timezoneId: 'UTC' };
}

/** Puts another look on a page that is open. */
export async function lookAs(page: Page, look: Partial<Look>): Promise<void> {
  await page.emulateMedia(mediaOf(look));
  await page.setViewportSize(sizeOf(look));
}

function sizeOf(look: Partial<Look>) {
  const { width, height } = { ...plain, ...look };
  return { width, height };
}

function mediaOf(look: Partial<Look>) {
  const { scheme, reducedMotion, forcedColours } = { ...plain, ...look };
  return {
    colorScheme: scheme,
    reducedMotion: reducedMotion ? 'reduce' : 'no-preference',
    forcedColors: forcedColours ? 'active' : 'none',
  } as const;
}
