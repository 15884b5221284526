import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Keys, useKey } from './keys.tsx';
import { hrefOf, navigate, usePlace } from './navigation.ts';
import { NotFoundPage } from './not-found.tsx';
import { pages } from './pages.tsx';
import type { PageCard } from './pages.tsx';
import { usePortal } from './portal.ts';
import { askSeenAs, useSeenAs } from './seen-as.ts';
import type { Session } from './session.ts';
import { VaultsUnreachable } from './ui/message.tsx';
import { Shown } from './ui/shown.tsx';
import type { Vault } from './vaults/vault.ts';
import { vaultApiVersion } from './vaults/vault.ts';

/** Pages without an entry in the top bar, and the entry that leads to them. */
const ownerOf: Readonly<Record<string, string>> = { vaults: '', resources: 'services' };

/** The frame around every page: the top bar, and the page of the address. */
export function Shell({ session }: { readonly session: Session }) {
  const { segments, query } = usePlace();
  const [at = '', ...rest] = segments;
  const page = pages.find((each) => each.at === at);
  const current = ownerOf[at] ?? at;
  return (
    <Frame
      nav={pages.map((each) => (
        <NavLink key={each.at} page={each} current={current} />
      ))}
      end={
        <>
          <SearchBox />
          <SeenAsChip asks={at !== 'vaults'} />
          <Account session={session} />
        </>
      }
    >
      <VaultsUnreachable />
      <Keys />
      <Shown at={segments.join('/')}>
        {page === undefined ? <NotFoundPage /> : <page.component rest={rest} query={query} />}
      </Shown>
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

/** Finds a vault by its name from any page; `/` goes to it. A single hit is opened. */
function SearchBox() {
  const input = useRef<HTMLInputElement>(null);
  useKey((event) => {
    if (event.key !== '/') return;
    event.preventDefault();
    input.current?.focus();
  });
  return (
    <search class="search">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          navigate(hrefOf([], { filter: input.current?.value.trim(), open: 'single' }));
        }}
      >
        <input ref={input} type="search" aria-label="Find a vault" placeholder="Find a vault  /" spellcheck={false} />
      </form>
    </search>
  );
}

/** `asks`: the page itself asks no vault, so this does, any one of them. */
function SeenAsChip({ asks }: { readonly asks: boolean }) {
  const { services, settings } = usePortal();
  const seen = useSeenAs();
  useEffect(() => {
    if (!asks || seen !== undefined) return;
    const list = `/subscriptions/${settings.subscriptionId}/providers/Microsoft.KeyVault/vaults?${vaultApiVersion}&$top=1`;
    const ask = async () => {
      const { value } = await services.arm<{ readonly value: readonly Vault[] }>(list);
      const [vault] = value.value;
      if (vault !== undefined) await askSeenAs(vault.properties.vaultUri);
    };
    // Nothing depends on the chip: the pages themselves say what fails.
    ask().catch(() => undefined);
  }, [asks]);
  return (
    <span title="How the vaults see your browser">
      seen as <span class="mono seen-as">{seen?.text ?? '…'}</span>
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
