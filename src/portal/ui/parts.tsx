import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { pointInTime } from './point-in-time.ts';

/** The heading of a page. Focus moves to it on navigation, so that a screen reader begins there. */
export function Heading({ title, children }: { readonly title: string; readonly children?: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Postern`;
    if (document.activeElement === document.body) heading.current?.focus({ preventScroll: true });
  }, [title]);
  return (
    <header class="heading">
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      {children !== undefined && <div class="heading-about">{children}</div>}
    </header>
  );
}

export function Card({
  title,
  note,
  children,
}: {
  readonly title?: ComponentChildren;
  readonly note?: ComponentChildren;
  readonly children: ComponentChildren;
}) {
  return (
    <section class="card">
      {title !== undefined && (
        <h2 class="card-title">
          {title}
          {note !== undefined && <span class="card-note">{note}</span>}
        </h2>
      )}
      {children}
    </section>
  );
}

/** Says what would be here, and how to make it. */
export function Empty({ title, children }: { readonly title: string; readonly children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

const loadingAfterMs = 150;

/** Rows in the place where the answer will be. They appear late, so that a fast answer does not flicker. */
export function Loading({ rows = 4, what }: { readonly rows?: number; readonly what: string }) {
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => {
      setShown(true);
    }, loadingAfterMs);
    return () => {
      clearTimeout(timer);
    };
  }, []);
  if (!shown) return null;
  return (
    <output>
      <span class="unseen">Loading {what}</span>
      <div class="skeleton" aria-hidden="true">
        {Array.from({ length: rows }, (_, row) => (
          <div key={row} />
        ))}
      </div>
    </output>
  );
}

/** A field with its label, what it takes, and what is wrong with it. */
export function Field({
  label,
  hint,
  error,
  children,
}: {
  readonly label: ComponentChildren;
  readonly hint?: ComponentChildren;
  readonly error?: string | undefined;
  readonly children: ComponentChildren;
}) {
  return (
    <div class="field">
      <label>
        <span class="field-label">{label}</span>
        {children}
      </label>
      {hint !== undefined && error === undefined && <span class="field-hint">{hint}</span>}
      {error !== undefined && (
        <span class="field-error" role="alert">
          {error}
        </span>
      )}
    </div>
  );
}

export interface Tab {
  readonly label: ComponentChildren;
  readonly href: string;
  readonly current: boolean;
}

export function Tabs({ of, label }: { readonly of: readonly Tab[]; readonly label: string }) {
  return (
    <nav class="tabs" aria-label={label}>
      {of.map((tab) => (
        <a key={tab.href} href={tab.href} {...(tab.current && { 'aria-current': 'page' })}>
          {tab.label}
        </a>
      ))}
    </nav>
  );
}

/** A point in time: the browser's own format, the whole of it for whoever points at it. */
export function Time({ ms, withDate = false }: { readonly ms: number; readonly withDate?: boolean }): JSX.Element {
  const point = pointInTime(ms, withDate);
  if (point === undefined) return <span>outside of the calendar</span>;
  return (
    <time dateTime={point.exact} title={point.exact}>
      {point.shown}
    </time>
  );
}
