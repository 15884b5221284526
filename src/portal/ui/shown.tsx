import type { ComponentChildren } from 'preact';
import { useEffect, useErrorBoundary, useState } from 'preact/hooks';
import { Failed } from './message.tsx';

/** Draws what is at a place of the portal. Where it cannot be drawn, it says so, and another place is shown again. */
export function Shown({ at, children }: { readonly at: string; readonly children: ComponentChildren }) {
  const [error, setError] = useState<unknown>();
  useErrorBoundary((caught: unknown) => {
    setError(() => caught);
  });
  const forget = () => {
    setError(undefined);
  };
  useEffect(forget, [at]);
  if (error === undefined) return <>{children}</>;
  return <Failed what="This page could not be shown." error={error} again={forget} />;
}
