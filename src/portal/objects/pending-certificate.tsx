import { useEffect, useState } from 'preact/hooks';
import { useLoaded } from '../portal.ts';
import { useAction } from '../ui/action.ts';
import { FileField } from '../ui/fields.tsx';
import { Message } from '../ui/message.tsx';
import { DownloadButton } from './download.tsx';
import { base64Of, pemOf } from './encoding.ts';

import { useAsk } from './use-vault.ts';
import type { Place } from './use-vault.ts';
import { VaultFailure } from './vault-failure.tsx';

/** CertificateOperation */
interface WirePending {
  readonly status: string;
  readonly status_details?: string;
  readonly csr?: string;
  readonly issuer?: { readonly name?: string };
  readonly error?: { readonly message?: string };
}

interface Props {
  readonly place: Place;
  readonly name: string;
  /** The certificate is issued, or will not be. */
  readonly onEnd: () => void;
}

interface PendingProps extends Props {
  /** The page has no version yet, although the request may have ended since it asked. */
  readonly isMissing: boolean;
}

const askEveryMs = 1000;

/** A certificate that is being made: what is waited for, and where an authority elsewhere signs, the way there and back. */
export function PendingCertificate({ place, name, isMissing, onEnd }: PendingProps) {
  const ask = useAsk(place.vault);
  const { loaded, reload } = useLoaded(
    (signal) => ask<WirePending>(['certificates', name, 'pending'], { signal }),
    name,
  );
  const pending = loaded.state === 'ready' ? loaded.value : undefined;
  const waits = pending?.status === 'inProgress' && pending.issuer?.name !== 'Unknown';
  useEffect(() => {
    if (!waits) return undefined;
    const timer = setTimeout(reload, askEveryMs);
    return () => {
      clearTimeout(timer);
    };
  }, [pending]);
  const [waited, setWaited] = useState(false);
  useEffect(() => {
    if (waits) setWaited(true);
    else if ((waited || isMissing) && pending?.status === 'completed') onEnd();
  }, [waits, waited, isMissing, pending?.status]);
  if (pending === undefined || pending.status === 'completed') return null;
  if (pending.status !== 'inProgress')
    return (
      <Message tone="bad" title={`The last request ended: ${pending.status}.`}>
        {pending.error?.message}
      </Message>
    );
  return (
    <Message
      tone="warn"
      live
      title={waits ? 'The certificate is being issued.' : 'The certificate waits for its authority.'}
    >
      {pending.status_details !== undefined && <p>{pending.status_details}</p>}
      {!waits && (
        <Merge
          place={place}
          name={name}
          csr={pending.csr ?? ''}
          onEnd={() => {
            reload();
            onEnd();
          }}
        />
      )}
    </Message>
  );
}

function Merge({ place: { vault }, name, csr, onEnd }: Props & { readonly csr: string }) {
  const ask = useAsk(vault);
  const { busy, error, run } = useAction();
  const [signed, setSigned] = useState<readonly string[]>([]);
  const send = (method: 'POST' | 'DELETE', segments: readonly string[], body?: unknown) => {
    run(async () => {
      await ask(['certificates', name, 'pending', ...segments], { method, body });
      onEnd();
    });
  };
  return (
    <div class="form">
      <p class="buttons">
        <DownloadButton file={`${name}.csr`} content={() => pemOf('CERTIFICATE REQUEST', csr)}>
          Download the request (CSR)
        </DownloadButton>
      </p>
      <FileField
        label="Signed certificate"
        hint="PEM with its chain, or one in DER"
        accept=".pem,.cer,.crt"
        onRead={(bytes) => {
          setSigned(certificatesIn(bytes));
        }}
      />
      {error !== undefined && (
        <VaultFailure vault={vault} error={error} what="The vault did not take it." needs="certificates/create" />
      )}
      <p class="buttons">
        <button
          type="button"
          class="button button-main"
          disabled={busy || signed.length === 0}
          onClick={() => {
            send('POST', ['merge'], { x5c: signed });
          }}
        >
          Merge
        </button>
        <button
          type="button"
          class="button"
          disabled={busy}
          onClick={() => {
            send('DELETE', []);
          }}
        >
          Cancel certificate operation
        </button>
      </p>
    </div>
  );
}

/** The certificates of a file, each in base64. */
function certificatesIn(bytes: Uint8Array): readonly string[] {
  const blocks = [...new TextDecoder().decode(bytes).matchAll(/-----BEGIN CERTIFICATE-----([^-]+)-----END/g)];
  return blocks.length === 0 ? [base64Of(bytes)] : blocks.map(([, text = '']) => text.replaceAll(/\s/g, ''));
}
