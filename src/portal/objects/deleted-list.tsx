import { useState } from 'preact/hooks';
import { Empty, Time } from '../ui/parts.tsx';
import { collections } from './collections.ts';
import type { ObjectRow } from './collections.ts';
import { PurgeDialog, RecoverDialog } from './object-dialogs.tsx';
import { FilteredRows } from './object-list.tsx';
import { hrefIn, useListed } from './use-vault.ts';
import type { Place } from './use-vault.ts';

const dialogs = {
  Recover: { component: RecoverDialog, done: 'is back.' },
  Purge: { component: PurgeDialog, done: 'is gone for good.' },
} as const;

interface Open {
  readonly does: keyof typeof dialogs;
  readonly name: string;
}

/** Lists the deleted objects that can be brought back, until the vault purges it. */
export function DeletedList({ place, query }: { readonly place: Place; readonly query: URLSearchParams }) {
  const { vault, collection } = place;
  const listed = useListed(vault, [`deleted${collection}`]);
  const [open, setOpen] = useState<Open>();
  const [said, setSaid] = useState('');
  const OpenDialog = open && dialogs[open.does].component;
  return (
    <>
      <p class="back">
        <a href={hrefIn(place)}>← {collections[collection].title}</a>
      </p>
      <FilteredRows
        place={place}
        query={query}
        listed={listed}
        reload={listed.reload}
        columns={['Name', 'Actions', 'Deleted', 'Purged by itself on']}
        empty={<Empty title={`There is no deleted ${collections[collection].one} in ${vault.name}.`} />}
        row={(row) => <DeletedCells key={row.name} row={row} onOpen={setOpen} />}
      />
      <output class="detail list-count">{said}</output>
      {open !== undefined && OpenDialog !== undefined && (
        <OpenDialog
          place={place}
          name={open.name}
          onClose={(done) => {
            setOpen(undefined);
            if (!done) return;
            setSaid(`${open.name} ${dialogs[open.does].done}`);
            listed.reload();
          }}
        />
      )}
    </>
  );
}

function DeletedCells({ row, onOpen }: { readonly row: ObjectRow; readonly onOpen: (open: Open) => void }) {
  const { name, deleted = 0, purged } = row;
  return (
    <>
      <th scope="row">{name}</th>
      <td>
        {(['Recover', 'Purge'] as const).map((does) => (
          <button
            key={does}
            type="button"
            class="quiet"
            aria-label={`${does} ${name}`}
            onClick={() => {
              onOpen({ does, name });
            }}
          >
            {does}
          </button>
        ))}
      </td>
      <td class="muted">
        <Time ms={deleted * 1000} withDate />
      </td>
      <td class="muted">{purged !== undefined && <Time ms={purged * 1000} withDate />}</td>
    </>
  );
}
