import { useAction } from '../ui/action.ts';
import { DownloadButton } from './download.tsx';
import { FromVault } from './from-vault.tsx';
import { publicPem } from './key-pem.ts';
import type { PublicJwk } from './key-pem.ts';
import { Fact, ObjectFrame } from './object-frame.tsx';
import type { ObjectPageProps } from './objects-tab.tsx';
import { hrefIn, useAsk } from './use-vault.ts';
import type { Place } from './use-vault.ts';
import { VaultFailure } from './vault-failure.tsx';

/** KeyBundle: the public part. */
interface WireKey {
  readonly key: PublicJwk & { readonly key_ops?: readonly string[] };
}

export function KeyPage(props: ObjectPageProps) {
  const { place, name } = props;
  return (
    <ObjectFrame
      {...props}
      actions={(reload) => <KeyActions place={place} name={name} reload={reload} />}
      details={(row) => (
        <FromVault<WireKey>
          key={row.id}
          vault={place.vault}
          segments={['keys', name, row.version]}
          revision={String(row.updated)}
          what="the key"
          needs="keys/get"
        >
          {({ key }) => <KeyDetails name={name} jwk={key} />}
        </FromVault>
      )}
    />
  );
}

function KeyActions({
  place,
  name,
  reload,
}: {
  readonly place: Place;
  readonly name: string;
  readonly reload: () => void;
}) {
  const ask = useAsk(place.vault);
  const { busy, error, run } = useAction();
  return (
    <>
      <button
        type="button"
        class="button button-main"
        disabled={busy}
        onClick={() => {
          run(async () => {
            await ask(['keys', name, 'rotate'], { method: 'POST' });
            reload();
          });
        }}
      >
        Rotate now
      </button>
      <a class="button" href={hrefIn(place, [name], 'new')}>
        New version
      </a>
      {error !== undefined && (
        <VaultFailure vault={place.vault} error={error} what={`${name} was not rotated.`} needs="keys/rotate" />
      )}
    </>
  );
}

function KeyDetails({ name, jwk }: { readonly name: string; readonly jwk: WireKey['key'] }) {
  const { kty = '', n, crv = '', key_ops: operations = [] } = jwk;
  const pem = publicPem(jwk);
  // Each character of base64url is six bits.
  const size = n === undefined ? crv : `${Math.floor((n.length * 6) / 64) * 64}-bit`;
  return (
    <>
      <dl class="properties">
        <Fact name="Key type">
          {kty} {size}
        </Fact>
        <Fact name="Permitted operations">{operations.join(', ') || 'none'}</Fact>
      </dl>
      {pem !== undefined && (
        <p class="buttons">
          <DownloadButton file={`${name}.pem`} content={() => pem}>
            Download public key
          </DownloadButton>
        </p>
      )}
    </>
  );
}
