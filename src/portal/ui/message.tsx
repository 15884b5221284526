import type { ComponentChildren } from 'preact';
import { RequestFailed } from '../request.ts';
import { useUnreachableVault } from '../seen-as.ts';
import { isRefusedChange } from './refused-change.ts';

type Tone = 'plain' | 'good' | 'warn' | 'bad';

/** A notice in the page. `live`: read out by a screen reader when it changes. */
export function Message({
  tone = 'plain',
  title,
  live = false,
  children,
}: {
  readonly tone?: Tone;
  readonly title?: ComponentChildren;
  readonly live?: boolean;
  readonly children?: ComponentChildren;
}) {
  return (
    <div class={`message message-${tone}`} {...(live && { role: 'status' })}>
      {title !== undefined && <p class="message-title">{title}</p>}
      {children}
    </div>
  );
}

/** A failure: what was tried, the server's sentence, and what to do. `again` tries once more. */
export function Failed({
  what,
  error,
  again,
}: {
  /** "The vaults could not be loaded." */
  readonly what: string;
  readonly error: unknown;
  readonly again?: () => void;
}) {
  return (
    <div role="alert">
      <Message tone="bad" title={what}>
        <Why error={error} />
        {again !== undefined && (
          <p>
            <button type="button" class="button" onClick={again}>
              Try again
            </button>
          </p>
        )}
      </Message>
    </div>
  );
}

function Why({ error }: { readonly error: unknown }) {
  if (!(error instanceof RequestFailed)) return <p>{error instanceof Error ? error.message : String(error)}</p>;
  const { failure } = error;
  if (failure.kind === 'unreachable') return <Unreachable origin={failure.origin} />;
  const { message, code, requestId, retryAfterSeconds } = failure;
  return (
    <>
      {isRefusedChange(failure) && <p>You may look at this, and not change it.</p>}
      <p>{message}</p>
      <p class="detail">
        <code>{code}</code>
        {retryAfterSeconds !== undefined && <> · try again in {retryAfterSeconds} s</>}
        {requestId !== undefined && (
          <>
            {' '}
            · request <code>{requestId}</code>
          </>
        )}
      </p>
    </>
  );
}

/** Says that the vaults cannot be reached from this browser, where the last that was asked could not. */
export function VaultsUnreachable() {
  const origin = useUnreachableVault();
  if (origin === undefined) return null;
  return (
    <Message tone="warn" title="Your browser does not reach the vaults.">
      <Unreachable origin={origin} />
    </Message>
  );
}

/** A browser keeps an exception for a certificate by host, so whoever accepted this page's has not accepted a vault's. */
function Unreachable({ origin }: { readonly origin: string }) {
  if (origin === window.location.origin) return <p>The server does not answer. Is it running?</p>;
  return (
    <>
      <p>
        The browser got no answer from <code>{origin}</code>. It may not trust that host's certificate.
      </p>
      <ul class="steps">
        <li>
          For good: run <code>postern trust install</code> on this computer, then restart the browser.
        </li>
        <li>
          For now:{' '}
          <a href={`${origin}/healthstatus`} target="_blank" rel="noreferrer">
            open {origin}
          </a>{' '}
          once, accept its certificate, and close it again.
        </li>
      </ul>
    </>
  );
}
