import { useState } from 'preact/hooks';
import { Check, FileField, Text, bound } from '../ui/fields.tsx';
import { secretOfFile } from './encoding.ts';
import { ObjectForm } from './object-form.tsx';
import type { FormProps } from './objects-tab.tsx';

/** A new secret, or a new version of one. Its value is in the memory of the form alone, and goes with it. */
export function NewSecret({ place, name: fixed }: FormProps) {
  const [draft, setDraft] = useState({ value: '', contentType: '', shown: false, encoding: '' });
  const at = bound(draft, setDraft);
  const { value, contentType, shown, encoding } = draft;
  return (
    <ObjectForm
      place={place}
      title="New secret"
      name={fixed}
      submit="Create"
      needs="secrets/set"
      fault={value === '' ? 'The value is missing.' : undefined}
      tags={encoding === '' ? {} : { 'file-encoding': encoding }}
      request={(name) => ({
        method: 'PUT',
        segments: ['secrets', name],
        body: { value, ...(contentType !== '' && { contentType }) },
      })}
    >
      <Text label="Secret value" lines={3} class={shown ? 'mono' : 'mono concealed'} at={at('value')} />
      <Check label="Show what I type" at={at('shown')} />
      <FileField
        label="or take it from a file"
        hint="A file that is not UTF-8 is stored in base64, as az does with --encoding base64"
        onRead={(bytes) => {
          setDraft({ ...draft, ...secretOfFile(bytes) });
        }}
      />
      <Text
        label="Content type"
        hint="What the value is, for those who read it; may be empty"
        maxLength={255}
        at={at('contentType')}
      />
    </ObjectForm>
  );
}
