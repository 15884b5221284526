import { useEffect } from 'preact/hooks';
import { typedJson } from './typed-json.ts';

/** Sent before the page leaves by itself, for the sign-in page. */
export const leaving = 'portal:leaving';

const key = 'postern.draft';

interface Kept {
  readonly at: string;
  readonly draft: unknown;
}

/**
 * Keeps a draft while the page is away for a sign-in that it began itself. A draft has rules, never a secret; `undefined`
 * while there is nothing to keep. `at` names the place where it belongs.
 */
export function useKeptOverSignIn(at: string, draft: object | undefined): void {
  useEffect(() => {
    if (draft === undefined) return undefined;
    const keep = () => {
      const kept: Kept = { at, draft };
      window.sessionStorage.setItem(key, JSON.stringify(kept));
    };
    window.addEventListener(leaving, keep);
    return () => {
      window.removeEventListener(leaving, keep);
    };
  }, [at, draft]);
}

/** Gives up what was kept: the user left. */
export function dropKept(): void {
  window.sessionStorage.removeItem(key);
}

/** The draft that was kept for this place, once: nothing of it stays behind. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller names the type that it kept
export function takeKept<T extends object>(at: string): T | undefined {
  const kept = window.sessionStorage.getItem(key);
  window.sessionStorage.removeItem(key);
  if (kept === null) return undefined;
  const { at: keptAt, draft } = typedJson<{ readonly at: string; readonly draft: T }>(kept);
  return keptAt === at ? draft : undefined;
}
