import { useState } from 'preact/hooks';
import { navigate } from '../navigation.ts';
import { Text } from '../ui/fields.tsx';
import { attributesBody, attributesFault, draftOf, hasDates } from './attributes.ts';
import { AttributesFields } from './attributes-fields.tsx';
import { collections } from './collections.ts';
import type { ObjectRow } from './collections.ts';
import { DialogForm } from './dialog-form.tsx';
import { hrefIn, useAsk } from './use-vault.ts';
import type { Place } from './use-vault.ts';

interface DialogProps {
  readonly place: Place;
  readonly onClose: (done: boolean) => void;
}

/** Changes what a version says of itself. */
export function EditDialog({ place, row, onClose }: DialogProps & { readonly row: ObjectRow }) {
  const { vault, collection } = place;
  const ask = useAsk(vault);
  const before = draftOf(row, collection);
  const [draft, setDraft] = useState(before);
  const [contentType, setContentType] = useState(row.contentType);
  const fault = attributesFault(draft, before);
  return (
    <DialogForm
      vault={vault}
      title={`Edit ${row.name}`}
      submit="Save"
      ready={fault === undefined}
      needs={collections[collection].change}
      send={() => {
        const body = { ...attributesBody(draft), ...(contentType !== row.contentType && { contentType }) };
        return ask([collection, row.name, row.version], { method: 'PATCH', body });
      }}
      onClose={onClose}
    >
      <p class="detail">
        Version <code>{row.version}</code>
      </p>
      {collection === 'secrets' && (
        <Text label="Content type" maxLength={255} at={{ value: contentType, change: setContentType }} />
      )}
      <AttributesFields draft={draft} before={before} dated={hasDates(collection)} onChange={setDraft} />
      {fault !== undefined && (
        <p class="field-error" role="alert">
          {fault}
        </p>
      )}
    </DialogForm>
  );
}

export function DeleteDialog({ place, name, onClose }: DialogProps & { readonly name: string }) {
  const { vault, collection } = place;
  const ask = useAsk(vault);
  return (
    <DialogForm
      vault={vault}
      title={`Delete ${name}?`}
      submit="Delete"
      risky
      ready
      needs={`${collection}/delete`}
      send={() => ask([collection, name], { method: 'DELETE' })}
      onClose={(done) => {
        if (done) navigate(hrefIn(place));
        else onClose(false);
      }}
    >
      <p>
        All its versions{collection === 'certificates' && ', its key and its secret'} are out of reach at once. For{' '}
        {vault.properties.softDeleteRetentionInDays ?? 90} days it can be recovered from the deleted {collection}.
      </p>
    </DialogForm>
  );
}

/** Asks for the name, because nothing brings the object back. */
export function PurgeDialog({ place: { vault, collection }, name, onClose }: DialogProps & { readonly name: string }) {
  const ask = useAsk(vault);
  const [typed, setTyped] = useState('');
  return (
    <DialogForm
      vault={vault}
      title={`Purge ${name}?`}
      submit="Purge for good"
      risky
      ready={typed === name}
      needs={`${collection}/purge`}
      send={() => ask([`deleted${collection}`, name], { method: 'DELETE' })}
      onClose={onClose}
    >
      <p>It is destroyed with all its versions, and nothing brings it back.</p>
      <Text label={`Type the name, ${name}`} at={{ value: typed, change: setTyped }} />
    </DialogForm>
  );
}

export function RecoverDialog({
  place: { vault, collection },
  name,
  onClose,
}: DialogProps & { readonly name: string }) {
  const ask = useAsk(vault);
  return (
    <DialogForm
      vault={vault}
      title={`Recover ${name}?`}
      submit="Recover"
      ready
      needs={`${collection}/recover`}
      send={() => ask([`deleted${collection}`, name, 'recover'], { method: 'POST' })}
      onClose={onClose}
    >
      <p>It comes back with all its versions, as it was.</p>
    </DialogForm>
  );
}
