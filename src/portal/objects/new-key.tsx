import { useState } from 'preact/hooks';
import { Check, Select, asShown, bound } from '../ui/fields.tsx';
import { keyBody, keyCurves, keyOperations, keySizes, plainKey } from './key-draft.ts';
import { ObjectForm } from './object-form.tsx';
import type { FormProps } from './objects-tab.tsx';

/** A new key, or a new version of one with other properties; a version with the same ones is what "Rotate now" makes. */
export function NewKey({ place, name: fixed }: FormProps) {
  const [draft, setDraft] = useState(plainKey);
  const { kty, without } = draft;
  const at = bound(draft, setDraft);
  return (
    <ObjectForm
      place={place}
      title="New key"
      name={fixed}
      submit="Create"
      needs="keys/create"
      fault={undefined}
      request={(name) => ({ segments: ['keys', name, 'create'], body: keyBody(draft) })}
    >
      <div class="pair">
        <Select
          label="Key type"
          options={{ RSA: 'RSA', EC: 'Elliptic curve' }}
          at={{
            value: kty,
            change: (type) => {
              setDraft({ ...draft, kty: type === 'EC' ? 'EC' : 'RSA', without: [] });
            },
          }}
        />
        {kty === 'RSA' ? (
          <Select label="RSA key size" options={asShown(keySizes)} at={at('size')} />
        ) : (
          <Select label="Elliptic curve name" options={asShown(keyCurves)} at={at('curve')} />
        )}
      </div>
      <fieldset>
        <legend class="field-label">Permitted operations</legend>
        <div class="checks">
          {keyOperations[kty].map((operation) => (
            <Check
              key={operation}
              label={operation}
              at={{
                value: !without.includes(operation),
                change: (allowed) => {
                  const others = without.filter((each) => each !== operation);
                  setDraft({ ...draft, without: allowed ? others : [...others, operation] });
                },
              }}
            />
          ))}
        </div>
      </fieldset>
    </ObjectForm>
  );
}
