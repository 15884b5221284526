import { hrefOf } from '../navigation.ts';
import type { PageProps } from '../pages.tsx';
import { usePortal } from '../portal.ts';
import { Failed } from '../ui/message.tsx';
import { Empty, Heading, Loading } from '../ui/parts.tsx';
import { usePages } from '../use-pages.ts';
import { groupOf } from '../vaults/vault.ts';
import { BladePage } from './blade-page.tsx';
import { hrefOfBlade } from './blade-href.ts';
import { bladeOf } from './blades.ts';
import type { Resource } from './blades.ts';
import './picker.css';

/** The resources that take a key or a certificate of a vault, and one of them: `/portal/resources/GROUP/NAMESPACE/TYPE/NAME`. */
export function ResourcesPage({ rest, query }: PageProps) {
  const { subscriptionId } = usePortal().settings;
  const [group, namespace, type, name] = rest;
  const blade = bladeOf(`${namespace ?? ''}/${type ?? ''}`);
  if (group === undefined) return <ResourceList />;
  if (blade === undefined || name === undefined)
    return (
      <>
        <Heading title="Resources" />
        <Empty title="This page shows no resource of that type.">
          <p>
            <a href={hrefOf(['resources'])}>See the resources that use a vault</a>
          </p>
        </Empty>
      </>
    );
  const path = [group, name].map(encodeURIComponent);
  const id = `/subscriptions/${subscriptionId}/resourceGroups/${path[0] ?? ''}/providers/${blade.type}/${path[1] ?? ''}`;
  return <BladePage key={id} id={id} blade={blade} chosen={query.get('chosen') ?? undefined} />;
}

function ResourceList() {
  const { subscriptionId } = usePortal().settings;
  const first = `/subscriptions/${subscriptionId}/resources?api-version=2021-04-01`;
  const { items, done, error, reload } = usePages<Resource>({ first, of: 'arm' });
  const shown = items.flatMap((resource) => {
    const blade = bladeOf(resource.type);
    return blade === undefined ? [] : [{ resource, blade }];
  });
  return (
    <>
      <Heading title="Resources">
        <span>Those that can use a key or a certificate of a vault</span>
      </Heading>
      {error !== undefined && <Failed what="The resources could not be loaded." error={error} again={reload} />}
      {!done && shown.length === 0 && <Loading what="the resources" />}
      {shown.length > 0 && (
        <ul class="list">
          {shown.map(({ resource, blade }) => (
            <li key={resource.id}>
              <a href={hrefOfBlade(resource.id)}>{resource.name}</a>{' '}
              <span class="detail">
                {blade.noun} · {groupOf(resource.id)}
              </span>
            </li>
          ))}
        </ul>
      )}
      {done && error === undefined && shown.length === 0 && (
        <Empty title="There is no storage account, SQL server or web app yet.">
          <p>Make one with the Azure CLI:</p>
          <p>
            <code>az storage account create --name mydata --resource-group my-group --assign-identity</code>
          </p>
        </Empty>
      )}
    </>
  );
}
