import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { hrefOf } from '../navigation.ts';
import { CopyButton } from '../ui/copy.tsx';
import { Card, Empty, Loading, Time } from '../ui/parts.tsx';
import { groupOf } from '../vaults/vault.ts';
import { collections, newestFirst } from './collections.ts';
import type { ObjectRow } from './collections.ts';
import { DeleteDialog, EditDialog } from './object-dialogs.tsx';
import { StatusWord } from './object-list.tsx';
import type { ObjectPageProps } from './objects-tab.tsx';
import { hrefIn, useListed } from './use-vault.ts';
import type { Place } from './use-vault.ts';
import { VaultFailure } from './vault-failure.tsx';

interface FrameProps extends ObjectPageProps {
  /** The actions beside editing and deleting. `reload` reads the versions again. */
  readonly actions: (reload: () => void) => ComponentChildren;
  /** More about a version, below its facts. */
  readonly details: (row: ObjectRow) => ComponentChildren;
  /** Above everything; shown also where there is no version, which is `isEmpty`. */
  readonly notice?: (state: { readonly reload: () => void; readonly isEmpty: boolean }) => ComponentChildren;
}

/** The page of an object: one of its versions, and all of them. It reads the lists alone, which disclose no value. */
export function ObjectFrame({ place, name, version, actions, details, notice }: FrameProps) {
  const { vault, collection } = place;
  const { one, title } = collections[collection];
  const listed = useListed(vault, [collection, name, 'versions']);
  const versions = newestFirst(listed.rows);
  const chosen = version === '' ? versions[0] : versions.find((each) => each.version === version);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (document.activeElement === document.body) heading.current?.focus({ preventScroll: true });
  }, []);
  return (
    <>
      <p class="back">
        <a href={hrefIn(place)}>← {title}</a>
      </p>
      <div class="object-head">
        <h2 ref={heading} tabIndex={-1}>
          {name}
        </h2>
        {chosen !== undefined && (
          <ObjectActions place={place} row={chosen} reload={listed.reload}>
            {actions(listed.reload)}
          </ObjectActions>
        )}
      </div>
      {notice?.({ reload: listed.reload, isEmpty: listed.done && versions.length === 0 })}
      {listed.error !== undefined && (
        <VaultFailure
          vault={vault}
          error={listed.error}
          what={`The versions of ${name} could not be loaded.`}
          needs={`${collection}/list`}
          again={listed.reload}
        />
      )}
      {chosen === undefined && !listed.done && <Loading what={`the ${one} ${name}`} />}
      {chosen === undefined && listed.done && listed.error === undefined && notice === undefined && (
        <NoSuchObject place={place} name={name} version={version} />
      )}
      {chosen !== undefined && (
        <div class="columns">
          <VersionCard place={place} row={chosen} title={titleOf(chosen, versions)}>
            {details(chosen)}
          </VersionCard>
          <Versions place={place} versions={versions} chosen={chosen} />
        </div>
      )}
    </>
  );
}

export function NoSuchObject({
  place,
  name,
  version = '',
}: Omit<ObjectPageProps, 'version'> & { readonly version?: string }) {
  const { one } = collections[place.collection];
  return (
    <Empty title={version === '' ? `There is no ${one} ${name}.` : `${name} has no version ${version}.`}>
      <p>
        It may have been deleted: <a href={hrefIn(place, [], 'deleted')}>see the deleted {place.collection}</a>.
      </p>
    </Empty>
  );
}

function ObjectActions({
  place,
  row,
  reload,
  children,
}: {
  readonly place: Place;
  readonly row: ObjectRow;
  readonly reload: () => void;
  readonly children: ComponentChildren;
}) {
  const [open, setOpen] = useState<'edit' | 'delete'>();
  if (row.managed) {
    const { vault } = place;
    return (
      <p>
        It belongs to{' '}
        <a href={hrefOf(['vaults', groupOf(vault.id), vault.name, 'certificates', row.name])}>a certificate</a> and
        changes with it.
      </p>
    );
  }
  const close = (done: boolean) => {
    setOpen(undefined);
    if (done) reload();
  };
  return (
    <div class="buttons">
      {children}
      <button
        type="button"
        class="button"
        onClick={() => {
          setOpen('edit');
        }}
      >
        Edit
      </button>
      <button
        type="button"
        class="button button-risky"
        onClick={() => {
          setOpen('delete');
        }}
      >
        Delete
      </button>
      {open === 'edit' && <EditDialog place={place} row={row} onClose={close} />}
      {open === 'delete' && <DeleteDialog place={place} name={row.name} onClose={close} />}
    </div>
  );
}

/** A list does not say which version is current; of two that were made in the same second, the times do not either. */
function titleOf({ created }: ObjectRow, [newest, next]: readonly ObjectRow[]): string {
  if (created < (newest?.created ?? 0)) return 'Older version';
  return created === next?.created ? 'One of the newest versions' : 'Current version';
}

function VersionCard({
  place,
  row,
  title,
  children,
}: {
  readonly place: Place;
  readonly row: ObjectRow;
  readonly title: string;
  readonly children: ComponentChildren;
}) {
  const tags = Object.entries(row.tags);
  return (
    <Card title={title}>
      <dl class="properties">
        <Fact
          name={`${place.collection === 'keys' ? 'Key' : place.collection === 'secrets' ? 'Secret' : 'Certificate'} identifier`}
        >
          <code>{row.id}</code> <CopyButton text={row.id} what="the identifier" />
        </Fact>
        <Fact name="Status">
          <StatusWord row={row} />
        </Fact>
        {row.contentType !== '' && <Fact name="Content type">{row.contentType}</Fact>}
        {row.notBefore !== undefined && (
          <Fact name="Activation date">
            <Time ms={row.notBefore * 1000} withDate />
          </Fact>
        )}
        {row.expires !== undefined && (
          <Fact name="Expiration date">
            <Time ms={row.expires * 1000} withDate />
          </Fact>
        )}
        <Fact name="Created">
          <Time ms={row.created * 1000} withDate />
        </Fact>
        {row.updated !== row.created && (
          <Fact name="Updated">
            <Time ms={row.updated * 1000} withDate />
          </Fact>
        )}
        {tags.length > 0 && (
          <Fact name="Tags">
            <ul>
              {tags.map(([name, value]) => (
                <li key={name}>
                  {name} = {value}
                </li>
              ))}
            </ul>
          </Fact>
        )}
      </dl>
      {children}
    </Card>
  );
}

export function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Versions({
  place,
  versions,
  chosen,
}: {
  readonly place: Place;
  readonly versions: readonly ObjectRow[];
  readonly chosen: ObjectRow;
}) {
  return (
    <Card title="Versions" note={versions.length}>
      <ul class="versions">
        {versions.map((row) => (
          <li key={row.id}>
            <a
              class="mono"
              href={hrefIn(place, [row.name, row.version])}
              {...(row.id === chosen.id && { 'aria-current': 'true' })}
            >
              {row.version}
            </a>
            <span class="detail">
              <StatusWord row={row} /> · <Time ms={row.created * 1000} withDate />
            </span>
          </li>
        ))}
      </ul>
    </Card>
  );
}
