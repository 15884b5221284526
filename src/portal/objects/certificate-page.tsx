import { isRefusal } from '../portal.ts';
import { CopyButton } from '../ui/copy.tsx';
import { contentTypes, draftOfPolicy, renewals } from './certificate-policy.ts';
import type { WirePolicy } from './certificate-policy.ts';
import { DownloadButton } from './download.tsx';
import { bytesOf, hexOf, pemOf } from './encoding.ts';
import { FromVault } from './from-vault.tsx';
import { Fact, NoSuchObject, ObjectFrame } from './object-frame.tsx';
import type { ObjectPageProps } from './objects-tab.tsx';
import { PendingCertificate } from './pending-certificate.tsx';
import { hrefIn } from './use-vault.ts';
import type { Place } from './use-vault.ts';

/** CertificateBundle */
interface WireCertificate {
  readonly kid?: string;
  readonly sid?: string;
  readonly cer?: string;
  readonly x5t?: string;
  readonly policy?: WirePolicy;
  readonly pending?: { readonly id: string };
}

export function CertificatePage(props: ObjectPageProps) {
  const { place, name } = props;
  return (
    <FromVault<WireCertificate>
      vault={place.vault}
      segments={['certificates', name]}
      what={`the certificate ${name}`}
      needs="certificates/get"
      failed={(error) => isRefusal(error, 404) && <NoSuchObject place={place} name={name} />}
    >
      {({ policy = {}, pending }, reload) => (
        <ObjectFrame
          {...props}
          actions={() => (
            <a class="button button-main" href={hrefIn(place, [name], 'new')}>
              New version
            </a>
          )}
          details={(row) => (
            <FromVault<WireCertificate>
              key={row.id}
              vault={place.vault}
              segments={['certificates', name, row.version]}
              what="this version"
              needs="certificates/get"
            >
              {(certificate) => (
                <CertificateDetails place={place} name={name} certificate={certificate} policy={policy} />
              )}
            </FromVault>
          )}
          {...(pending !== undefined && {
            notice: (versions: { readonly reload: () => void; readonly isEmpty: boolean }) => (
              <PendingCertificate
                place={place}
                name={name}
                isMissing={versions.isEmpty}
                onEnd={() => {
                  reload();
                  versions.reload();
                }}
              />
            ),
          })}
        />
      )}
    </FromVault>
  );
}

function CertificateDetails({
  place,
  name,
  certificate: { kid, sid, cer, x5t },
  policy,
}: {
  readonly place: Place;
  readonly name: string;
  readonly certificate: WireCertificate;
  readonly policy: WirePolicy;
}) {
  const { subject, dnsNames, validityMonths, key, issuer, contentType, renews, renewAtPercent } = draftOfPolicy(policy);
  return (
    <>
      <dl class="properties">
        <MadeWithIt place={place} kid={kid} sid={sid} />
        {x5t !== undefined && (
          <Fact name="X.509 SHA-1 thumbprint">
            <code>{hexOf(x5t)}</code>
          </Fact>
        )}
      </dl>
      {cer !== undefined && (
        <p class="buttons">
          <DownloadButton file={`${name}.cer`} content={() => bytesOf(cer)}>
            Download .cer
          </DownloadButton>
          <DownloadButton file={`${name}.pem`} content={() => pemOf('CERTIFICATE', cer)}>
            Download .pem
          </DownloadButton>
        </p>
      )}
      <h3>Issuance policy</h3>
      <dl class="properties">
        <Fact name="Subject">{subject}</Fact>
        {dnsNames !== '' && <Fact name="DNS names">{dnsNames.split('\n').join(', ')}</Fact>}
        <Fact name="Issuer">{issuer}</Fact>
        <Fact name="Validity">{validityMonths} months</Fact>
        <Fact name="Key">{key}</Fact>
        <Fact name="Content type">{contentTypes[contentType] ?? contentType}</Fact>
        <Fact name="Lifetime action">
          {renewals[renews] ?? renews} at {renewAtPercent} %
        </Fact>
      </dl>
    </>
  );
}

/** The key and the secret that a certificate's version consists of besides itself. */
function MadeWithIt({
  place,
  kid,
  sid,
}: Readonly<Record<'kid' | 'sid', string | undefined>> & { readonly place: Place }) {
  const each = [
    ['Key identifier', 'keys', kid],
    ['Secret identifier', 'secrets', sid],
  ] as const;
  return (
    <>
      {each.map(
        ([label, collection, id]) =>
          id !== undefined && (
            <Fact key={label} name={label}>
              <a class="mono" href={hrefIn({ ...place, collection }, id.split('/').slice(4))}>
                {id}
              </a>{' '}
              <CopyButton text={id} what={`the ${label.toLowerCase()}`} />
            </Fact>
          ),
      )}
    </>
  );
}
