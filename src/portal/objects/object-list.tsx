import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';
import { navigate } from '../navigation.ts';
import { Empty, Loading, Time } from '../ui/parts.tsx';
import { useRowWindow } from '../ui/window-of-rows.ts';
import { counted, numberOf } from '../ui/words.ts';
import { collections, filtered, statusOf } from './collections.ts';
import type { ObjectRow } from './collections.ts';
import { hrefIn, useListed } from './use-vault.ts';
import type { Listed, Place } from './use-vault.ts';
import { VaultFailure } from './vault-failure.tsx';

interface ListProps {
  readonly place: Place;
  readonly query: URLSearchParams;
}

/** The objects of a collection. */
export function ObjectList({ place, query }: ListProps) {
  const { vault, collection } = place;
  const listed = useListed(vault, [collection]);
  const words = collections[collection];
  return (
    <>
      <FilteredRows
        place={place}
        query={query}
        listed={listed}
        reload={listed.reload}
        columns={['Name', ...(collection === 'secrets' ? ['Content type'] : []), 'Status', 'Expires', 'Updated']}
        row={(row) => <ObjectCells key={row.name} place={place} row={row} />}
        empty={
          <Empty title={`There is no ${words.one} in ${vault.name} yet.`}>
            <p>
              <a class="button" href={hrefIn(place, [], 'new')}>
                New {words.one}
              </a>
            </p>
            <p>or with the Azure CLI:</p>
            <p>
              <code>
                {words.az} --vault-name {vault.name}
              </code>
            </p>
          </Empty>
        }
      >
        <a class="button button-main" href={hrefIn(place, [], 'new')}>
          New {words.one}
        </a>
        {collection !== 'secrets' && (
          <a class="button" href={hrefIn(place, [], 'import')}>
            Import
          </a>
        )}
        <a class="button" href={hrefIn(place, [], 'deleted')}>
          Deleted {collection}
        </a>
      </FilteredRows>
    </>
  );
}

function ObjectCells({ place, row }: { readonly place: Place; readonly row: ObjectRow }) {
  return (
    <>
      <th scope="row">
        <a href={hrefIn(place, [row.name])}>{row.name}</a>
      </th>
      {place.collection === 'secrets' && <td class="muted clipped">{row.contentType}</td>}
      <td>
        <StatusWord row={row} />
        {row.managed && <span class="muted"> · of a certificate</span>}
      </td>
      <td class="muted">{row.expires !== undefined && <Time ms={row.expires * 1000} withDate />}</td>
      <td class="muted">
        <Time ms={row.updated * 1000} withDate />
      </td>
    </>
  );
}

export function StatusWord({ row }: { readonly row: ObjectRow }) {
  const status = statusOf(row, (performance.timeOrigin + performance.now()) / 1000);
  return <span class={status === 'Enabled' ? '' : 'bad'}>{status}</span>;
}

interface FilteredProps extends ListProps {
  readonly listed: Listed;
  readonly reload: () => void;
  readonly columns: readonly string[];
  readonly row: (row: ObjectRow) => ComponentChildren;
  readonly empty: ComponentChildren;
  /** Beside the filter. */
  readonly children?: ComponentChildren;
}

/** A list with its filter, which is in the address; only the rows in sight are drawn. */
export function FilteredRows({ place, query, listed, reload, columns, row, empty, children }: FilteredProps) {
  const { vault, collection } = place;
  const { rows, done, error } = listed;
  const filter = query.get('filter') ?? '';
  const shown = useMemo(() => filtered(rows, filter), [rows, filter]);
  const failed = error !== undefined;
  const type = collection === 'secrets' ? ', content type' : '';
  if (failed && rows.length === 0) return <ListFailure place={place} error={error} again={reload} />;
  return (
    <>
      <div class="toolbar">
        <input
          class="grow"
          type="search"
          aria-label={`Filter the ${collection}`}
          placeholder={`Filter by name${type} or tag`}
          spellcheck={false}
          value={filter}
          onInput={({ currentTarget: { value } }) => {
            const view = query.get('view');
            const search = new URLSearchParams({
              ...(view !== null && { view }),
              ...(value !== '' && { filter: value }),
            });
            navigate(`${hrefIn(place)}?${search.toString()}`.replace(/\?$/, ''), { replace: true });
          }}
        />
        {children}
      </div>
      {failed && <ListFailure place={place} error={error} again={reload} />}
      {rows.length === 0 && !done && <Loading what={`the ${collection} of ${vault.name}`} />}
      {shown.length > 0 && <Table rows={shown} columns={columns} row={row} />}
      {done && !failed && rows.length === 0 && empty}
      {done && rows.length > 0 && shown.length === 0 && (
        <Empty title={`No name${type} or tag has “${filter}” in it.`} />
      )}
      {rows.length > 0 && (
        <output class="detail list-count">
          {shown.length < rows.length && `${numberOf(shown.length)} of `}
          {counted(rows.length, collections[collection].one)}
          {!done && ' so far'}
        </output>
      )}
    </>
  );
}

function ListFailure({
  place,
  error,
  again,
}: {
  readonly place: Place;
  readonly error: unknown;
  readonly again: () => void;
}) {
  const { vault, collection } = place;
  return (
    <VaultFailure
      vault={vault}
      error={error}
      what={`The ${collection} could not be loaded.`}
      needs={`${collection}/list`}
      again={again}
    />
  );
}

const rowPx = 45;

function Table({
  rows,
  columns,
  row,
}: { readonly rows: readonly ObjectRow[] } & Pick<FilteredProps, 'columns' | 'row'>) {
  const { ref, first, end, beforePx, afterPx } = useRowWindow(rows.length, rowPx);
  return (
    <div class="table-wrap rows objects" ref={ref}>
      <table aria-rowcount={rows.length + 1}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {beforePx > 0 && <Gap px={beforePx} columns={columns.length} />}
          {rows.slice(first, end).map((each, index) => (
            <tr key={each.id} aria-rowindex={first + index + 2}>
              {row(each)}
            </tr>
          ))}
          {afterPx > 0 && <Gap px={afterPx} columns={columns.length} />}
        </tbody>
      </table>
    </div>
  );
}

/** Stands for the rows that are not drawn. */
function Gap({ px, columns }: { readonly px: number; readonly columns: number }) {
  return (
    <tr aria-hidden="true">
      <td colSpan={columns} style={{ height: `${px}px`, padding: 0, border: 0 }} />
    </tr>
  );
}
