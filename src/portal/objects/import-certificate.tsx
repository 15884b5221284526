import { useState } from 'preact/hooks';
import { FileField, Text } from '../ui/fields.tsx';
import { base64Of } from './encoding.ts';
import { ObjectForm } from './object-form.tsx';
import type { FormProps } from './objects-tab.tsx';
import { hrefIn } from './use-vault.ts';

/** A certificate with its private key, in PKCS #12 or in PEM; the vault reads it. */
export function ImportCertificate({ place, name: fixed }: FormProps) {
  const [bytes, setBytes] = useState(new Uint8Array());
  const [pwd, setPwd] = useState('');
  return (
    <ObjectForm
      place={place}
      title="Import a certificate"
      name={fixed}
      submit="Import"
      needs="certificates/import"
      fault={bytes.length === 0 ? 'The file is missing.' : undefined}
      request={(name) => ({
        segments: ['certificates', name, 'import'],
        body: { ...fileMembers(bytes), ...(pwd !== '' && { pwd }) },
      })}
    >
      {fixed !== undefined && (
        <p class="detail">
          A version that was made elsewhere; or <a href={hrefIn(place, [fixed], 'policy')}>make one by the policy</a>.
        </p>
      )}
      <FileField
        label="Certificate with its private key"
        hint="A PFX or a PEM file"
        accept=".pfx,.p12,.pem"
        onRead={setBytes}
      />
      <Text label="Password of the file" hint="May be empty" type="password" at={{ value: pwd, change: setPwd }} />
    </ObjectForm>
  );
}

/** PEM is sent as it is, and says so in its policy; PKCS #12 in base64. */
function fileMembers(bytes: Uint8Array) {
  const text = new TextDecoder().decode(bytes);
  return text.includes('-----BEGIN ')
    ? { value: text, policy: { secret_props: { contentType: 'application/x-pem-file' } } }
    : { value: base64Of(bytes) };
}
