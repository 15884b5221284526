import { useState } from 'preact/hooks';
import { Check, Select, Text, asShown, bound } from '../ui/fields.tsx';
import {
  certificateKeys,
  contentTypes,
  draftOfPolicy,
  issuers,
  plainPolicy,
  policyBody,
  renewals,
  wasImported,
} from './certificate-policy.ts';
import type { PolicyDraft, WireMade, WirePolicy } from './certificate-policy.ts';
import { FromVault } from './from-vault.tsx';
import { ImportCertificate } from './import-certificate.tsx';
import { ObjectForm } from './object-form.tsx';
import type { FormProps } from './objects-tab.tsx';
import { hrefIn } from './use-vault.ts';

/** A new certificate, or a new version of one: of an imported one by another import. */
export function NewCertificate({ place, name }: FormProps) {
  if (name === undefined) return <CertificateForm place={place} name={name} policy={plainPolicy} />;
  return (
    <FromVault<WireMade>
      vault={place.vault}
      segments={['certificates', name]}
      what="the policy"
      needs="certificates/get"
    >
      {(made) =>
        wasImported(made) ? (
          <ImportCertificate place={place} name={name} />
        ) : (
          <CertificateForm place={place} name={name} policy={draftOfPolicy(made.policy ?? {})} />
        )
      }
    </FromVault>
  );
}

/** A new version by the policy, which may be changed on the way; also of a certificate that was imported. */
export function NewByPolicy({ place, name = '' }: FormProps) {
  return (
    <FromVault<WirePolicy>
      vault={place.vault}
      segments={['certificates', name, 'policy']}
      what="the policy"
      needs="certificates/get"
    >
      {(policy) => <CertificateForm place={place} name={name} policy={draftOfPolicy(policy)} />}
    </FromVault>
  );
}

function CertificateForm({ place, name: fixed, policy }: FormProps & { readonly policy: PolicyDraft }) {
  const [draft, setDraft] = useState(policy);
  const at = bound(draft, setDraft);
  return (
    <ObjectForm
      place={place}
      title="New certificate"
      name={fixed}
      submit="Create"
      needs="certificates/create"
      fault={`${draft.subject}${draft.dnsNames}` === '' ? 'The subject is missing: CN=www.contoso.com' : undefined}
      request={(name) => ({ segments: ['certificates', name, 'create'], body: { policy: policyBody(draft) } })}
    >
      {fixed !== undefined && (
        <p class="detail">
          By the policy below; or <a href={hrefIn(place, [fixed], 'import')}>import a version</a> that was made
          elsewhere.
        </p>
      )}
      <Select label="Type of certificate authority" options={issuers} at={at('issuer')} />
      <Text label="Subject" hint="An X.500 name: CN=www.contoso.com" at={at('subject')} />
      <Text label="DNS names" hint="One a line; may be empty" lines={2} at={at('dnsNames')} />
      <div class="pair">
        <Text label="Validity, in months" type="number" min="1" max="120" at={at('validityMonths')} />
        <Select label="Key" options={asShown(certificateKeys)} at={at('key')} />
      </div>
      <details>
        <summary>Advanced policy</summary>
        <div class="form">
          <Select label="Content type" options={contentTypes} at={at('contentType')} />
          <div class="pair">
            <Select label="Lifetime action" options={renewals} at={at('renews')} />
            <Text label="at a percentage of the lifetime" type="number" min="1" max="99" at={at('renewAtPercent')} />
          </div>
          <Check label="Exportable private key" at={at('exportable')} />
          <Check label="Reuse the key on renewal" at={at('reuseKey')} />
        </div>
      </details>
    </ObjectForm>
  );
}
