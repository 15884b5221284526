import { useState } from 'preact/hooks';
import { FileField, Text } from '../ui/fields.tsx';
import { readPrivateKey } from './key-pem.ts';
import { ObjectForm } from './object-form.tsx';
import type { FormProps } from './objects-tab.tsx';

/** A private key in PEM, read here and sent to the vault as the JSON Web Key that its API takes. */
export function ImportKey({ place, name: fixed }: FormProps) {
  const [pem, setPem] = useState('');
  const read = readPrivateKey(pem);
  const fault = read.ok ? undefined : read.fault;
  return (
    <ObjectForm
      place={place}
      title="Import a key"
      name={fixed}
      submit="Import"
      needs="keys/import"
      fault={fault}
      faultIsShown={pem !== ''}
      request={(name) => ({ method: 'PUT', segments: ['keys', name], body: { key: read.ok ? read.jwk : {} } })}
    >
      <FileField
        label="Private key, a PEM file"
        hint="RSA or EC, without a password"
        accept=".pem,.key"
        onRead={(bytes) => {
          setPem(new TextDecoder().decode(bytes));
        }}
      />
      <Text
        label="or paste it"
        lines={3}
        class="mono concealed"
        placeholder="-----BEGIN PRIVATE KEY-----"
        error={pem === '' ? undefined : fault}
        at={{ value: pem, change: setPem }}
      />
    </ObjectForm>
  );
}
