import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { hrefOf, navigate, usePlace } from './navigation.ts';
import { NotFound, pages } from './pages.tsx';
import type { PageCard } from './pages.tsx';
import { useSeenAs } from './seen-as.ts';
import type { Session } from './session.ts';
import { VaultsUnreachable } from './ui/message.tsx';

/** The frame around every page: the top bar, and the page of the address. */
export function Shell({ session }: { readonly session: Session }) {
  const { segments, query } = usePlace();
  const [at = '', ...rest] = segments;
  const page = pages.find((each) => each.at === at);
  const current = at === 'vaults' ? '' : at;
  return (
    <Frame
      nav={pages.map((each) => (
        <NavLink key={each.at} page={each} current={current} />
      ))}
      end={
        <>
          {current !== '' || at === 'vaults' ? <SearchBox /> : null}
          <SeenAsChip />
          <Account session={session} />
        </>
      }
    >
      <VaultsUnreachable />
      {page === undefined ? <NotFound /> : <page.component rest={rest} query={query} />}
    </Frame>
  );
}

/** Also drawn without a session, around what is said there. */
export function Frame({
  nav,
  end,
  children,
}: {
  readonly nav?: ComponentChildren;
  readonly end?: ComponentChildren;
  readonly children: ComponentChildren;
}) {
  return (
    <>
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <header class="bar">
        <div class="bar-inside">
          <a class="brand" href={hrefOf([])}>
            <svg viewBox="0 0 24 24" aria-hidden="true">
              <path d="M4 22V10a8 8 0 0 1 16 0v12h-5v-9a3 3 0 0 0-6 0v9z" />
            </svg>
            Postern
          </a>
          {nav !== undefined && <nav aria-label="Postern">{nav}</nav>}
          {end !== undefined && <div class="bar-end">{end}</div>}
        </div>
      </header>
      <main class="page" id="content">
        {children}
      </main>
    </>
  );
}

function NavLink({ page, current }: { readonly page: PageCard; readonly current: string }) {
  if (page.nav === undefined) return null;
  const href = hrefOf(page.at === '' ? [] : [page.at]);
  return (
    <a href={href} {...(page.at === current && { 'aria-current': 'page' })}>
      {page.nav}
    </a>
  );
}

/** Finds a vault by its name from any page; `/` goes to it. */
function SearchBox() {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const focus = (event: KeyboardEvent) => {
      const typing =
        event.target instanceof Element && event.target.closest('input, textarea, select, dialog') !== null;
      if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      input.current?.focus();
    };
    document.addEventListener('keydown', focus);
    return () => {
      document.removeEventListener('keydown', focus);
    };
  }, []);
  return (
    <search class="search">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          navigate(hrefOf([], { filter: input.current?.value.trim() }));
        }}
      >
        <input ref={input} type="search" aria-label="Find a vault" placeholder="Find a vault  /" spellcheck={false} />
      </form>
    </search>
  );
}

function SeenAsChip() {
  const seen = useSeenAs();
  if (seen === undefined) return null;
  return (
    <span title="The address that the vaults see your browser at">
      seen as <span class="mono">{seen.text}</span>
    </span>
  );
}

function Account({ session }: { readonly session: Session }) {
  return (
    <>
      <span title={session.user.userName}>{session.user.name}</span>
      <button type="button" class="quiet" onClick={session.signOut}>
        Sign out
      </button>
    </>
  );
}
