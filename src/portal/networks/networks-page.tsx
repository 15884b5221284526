import { useState } from 'preact/hooks';
import { hrefOf } from '../navigation.ts';
import type { PageProps } from '../pages.tsx';
import { groupOf } from '../vaults/vault.ts';
import { Failed } from '../ui/message.tsx';
import { Empty, Heading, Loading } from '../ui/parts.tsx';
import { counted } from '../ui/words.ts';
import { NewNetwork } from './forms.tsx';
import { hasEndpoint, networkSegments, vaultsNaming } from './network.ts';
import { NetworkView } from './network-view.tsx';
import { useNetworks } from './use-networks.ts';
import type { Networks } from './use-networks.ts';
import './networks.css';

/** All virtual networks; `/networks/{group}/{name}` is one of them. */
export function NetworksPage({ rest }: PageProps) {
  const { loaded, reload } = useNetworks();
  const [group, name] = rest;
  const title = name ?? 'Virtual networks';
  if (loaded.state !== 'ready') {
    return (
      <>
        <Heading title={title} />
        {loaded.state === 'loading' ? (
          <Loading what="the virtual networks" />
        ) : (
          <Failed what="The virtual networks could not be loaded." error={loaded.error} again={reload} />
        )}
      </>
    );
  }
  const known = loaded.value;
  if (group === undefined || name === undefined) return <NetworkList known={known} reload={reload} />;
  const network = known.networks.find(
    (each) => each.name.toLowerCase() === name.toLowerCase() && groupOf(each.id).toLowerCase() === group.toLowerCase(),
  );
  if (network !== undefined) return <NetworkView network={network} known={known} reload={reload} />;
  return (
    <>
      <Heading title={title} />
      <Empty title={`There is no virtual network ${name} in the resource group ${group}.`}>
        <p>
          It may have been deleted: <a href={hrefOf(['networks'])}>go to the virtual networks</a>.
        </p>
      </Empty>
    </>
  );
}

function NetworkList({ known, reload }: { readonly known: Networks; readonly reload: () => void }) {
  const [making, setMaking] = useState(false);
  const { networks } = known;
  return (
    <>
      <Heading title="Virtual networks">
        <span>{counted(networks.length, 'network')}</span>
      </Heading>
      <div class="toolbar">
        <button
          type="button"
          class="button"
          onClick={() => {
            setMaking(true);
          }}
        >
          + Create virtual network
        </button>
      </div>
      {networks.length > 0 ? (
        <NetworkTable known={known} />
      ) : (
        <Empty title="There is no virtual network yet.">
          <p>A vault can let in a subnet, whatever its addresses are. With the Azure CLI:</p>
          <p>
            <code>
              az network vnet create --resource-group my-group --name my-network --address-prefixes 10.1.0.0/16
              --subnet-name workloads --subnet-prefixes 10.1.0.0/24
            </code>
          </p>
        </Empty>
      )}
      {making && (
        <NewNetwork
          onDone={reload}
          onClose={() => {
            setMaking(false);
          }}
        />
      )}
    </>
  );
}

function NetworkTable({ known: { networks, vaults } }: { readonly known: Networks }) {
  return (
    <div class="table-wrap">
      <table>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Addresses</th>
            <th scope="col">Service endpoint of Key Vault</th>
            <th scope="col">Vaults with a rule for it</th>
            <th scope="col">Resource group</th>
          </tr>
        </thead>
        <tbody>
          {networks.map(({ id, name, properties: { addressSpace, subnets } }) => {
            const naming = new Set(subnets.flatMap((subnet) => vaultsNaming(vaults, subnet.id)));
            return (
              <tr key={id}>
                <th scope="row">
                  <a href={hrefOf(networkSegments(id))}>{name}</a>
                </th>
                <td class="mono">{addressSpace.addressPrefixes.join(', ')}</td>
                <td>
                  {subnets.filter(hasEndpoint).length} of {counted(subnets.length, 'subnet')}
                </td>
                <td>{naming.size === 0 ? 'none' : [...naming].map((vault) => vault.name).join(', ')}</td>
                <td class="muted">{groupOf(id)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
