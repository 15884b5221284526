import { useState } from 'preact/hooks';
import { hrefOf, navigate } from '../navigation.ts';
import { usePortal } from '../portal.ts';
import { Confirm } from '../ui/confirm.tsx';
import { Empty, Heading } from '../ui/parts.tsx';
import { groupOf } from '../vaults/vault.ts';
import type { Vault } from '../vaults/vault.ts';
import { NewSubnet } from './forms.tsx';
import { hasEndpoint, networkApiVersion, networkSegments, publicAddressText, vaultsNaming } from './network.ts';
import type { Subnet, VirtualNetwork } from './network.ts';
import { RulesFor } from './rules-for.tsx';
import { SwitchEndpoint } from './switch-endpoint.tsx';
import type { Networks } from './use-networks.ts';

interface ViewProps {
  readonly network: VirtualNetwork;
  readonly known: Networks;
  readonly reload: () => void;
}

type Doing = 'addSubnet' | 'delete' | undefined;

/** A network as a block, with its subnets as rooms in it. */
export function NetworkView({ network, known, reload }: ViewProps) {
  const [doing, setDoing] = useState<Doing>();
  const { addressSpace, subnets, virtualNetworkPeerings = [] } = network.properties;
  const close = () => {
    setDoing(undefined);
  };
  return (
    <>
      <Heading title={network.name}>
        <a href={hrefOf(['networks'])}>← Virtual networks</a>
        <span>{groupOf(network.id)}</span>
        <span>{network.location}</span>
      </Heading>
      <section class="network" aria-label={`Address space ${addressSpace.addressPrefixes.join(', ')}`}>
        <p class="network-space mono" aria-hidden="true">
          {addressSpace.addressPrefixes.join(', ')}
        </p>
        <div class="network-rooms">
          {subnets.map((subnet) => (
            <Room key={subnet.id} subnet={subnet} network={network} known={known} reload={reload} />
          ))}
        </div>
        {subnets.length === 0 && <Empty title="The network has no subnet yet." />}
      </section>
      {virtualNetworkPeerings.map(({ name, properties: { remoteVirtualNetwork, peeringState } }) => (
        <p key={name} class="detail">
          Peered with{' '}
          <a href={hrefOf(networkSegments(remoteVirtualNetwork.id))}>{remoteVirtualNetwork.id.split('/').at(-1)}</a> (
          {peeringState.toLowerCase()}): its programs reach each other, and vaults still see each client's own subnet.
        </p>
      ))}
      <div class="buttons network-buttons">
        <button
          type="button"
          class="button"
          onClick={() => {
            setDoing('addSubnet');
          }}
        >
          + Add subnet
        </button>
        <button
          type="button"
          class="button button-risky"
          onClick={() => {
            setDoing('delete');
          }}
        >
          Delete network
        </button>
      </div>
      {doing === 'addSubnet' && <NewSubnet network={network} onDone={reload} onClose={close} />}
      {doing === 'delete' && <DeleteNetwork network={network} known={known} reload={reload} onClose={close} />}
    </>
  );
}

function DeleteNetwork({ network, known, reload, onClose }: ViewProps & { readonly onClose: () => void }) {
  const { services } = usePortal();
  return (
    <Confirm
      title={`Delete the virtual network ${network.name}?`}
      verb="Delete"
      risky
      failed="The network could not be deleted."
      onClose={onClose}
      work={async () => {
        await services.arm(`${network.id}?${networkApiVersion}`, { method: 'DELETE' });
        navigate(hrefOf(['networks']));
        reload();
      }}
    >
      <DeadRules vaults={network.properties.subnets.flatMap((subnet) => vaultsNaming(known.vaults, subnet.id))} />
    </Confirm>
  );
}

/** Rules are bound to a subnet's life, not to its name. */
function DeadRules({ vaults }: { readonly vaults: readonly Vault[] }) {
  const names = [...new Set(vaults.map(({ name }) => name))];
  if (names.length === 0) return <p>No vault has a rule for it.</p>;
  return (
    <p>
      Rules of {names.join(', ')} then let nobody in, also when a subnet of the same name is made again: a rule belongs
      to the subnet that it was made for.
    </p>
  );
}

interface RoomProps extends ViewProps {
  readonly subnet: Subnet;
}

function Room({ subnet, network, known, reload }: RoomProps) {
  const [doing, setDoing] = useState<'switch' | 'delete'>();
  const isOn = hasEndpoint(subnet);
  const naming = vaultsNaming(known.vaults, subnet.id);
  const close = () => {
    setDoing(undefined);
  };
  return (
    <article class={`room ${isOn ? 'room-on' : ''}`} aria-label={`Subnet ${subnet.name}`}>
      <header class="room-head">
        <h2>{subnet.name}</h2>
        <span class="mono">{subnet.properties.addressPrefix}</span>
      </header>
      <button
        type="button"
        role="switch"
        class="switch"
        aria-checked={isOn}
        onClick={() => {
          setDoing('switch');
        }}
      >
        <span class="switch-mark" aria-hidden="true" />
        Service endpoint Microsoft.KeyVault
      </button>
      <RoomFacts subnet={subnet} network={network} known={known} naming={naming} />
      <button
        type="button"
        class="quiet"
        aria-label={`Delete the subnet ${subnet.name}`}
        onClick={() => {
          setDoing('delete');
        }}
      >
        Delete
      </button>
      {doing === 'switch' && <SwitchEndpoint subnet={subnet} known={known} onDone={reload} onClose={close} />}
      {doing === 'delete' && <DeleteSubnet subnet={subnet} naming={naming} onDone={reload} onClose={close} />}
    </article>
  );
}

interface FactsProps extends Omit<RoomProps, 'reload'> {
  readonly naming: readonly Vault[];
}

function RoomFacts({ subnet, network, known, naming }: FactsProps) {
  const isOn = hasEndpoint(subnet);
  return (
    <dl class="room-facts">
      <div>
        <dt>Vaults see</dt>
        <dd>
          {isOn ? <InsideView subnet={subnet} network={network} /> : <OutsideView subnet={subnet} known={known} />}
        </dd>
      </div>
      <div>
        <dt>Rules for it</dt>
        <dd>
          <RulesFor subnet={subnet} naming={naming} />
        </dd>
      </div>
    </dl>
  );
}

function DeleteSubnet({
  subnet,
  naming,
  onDone,
  onClose,
}: {
  readonly subnet: Subnet;
  readonly naming: readonly Vault[];
  readonly onDone: () => void;
  readonly onClose: () => void;
}) {
  const { services } = usePortal();
  return (
    <Confirm
      title={`Delete the subnet ${subnet.name}?`}
      verb="Delete"
      risky
      failed="The subnet could not be deleted."
      onClose={onClose}
      work={async () => {
        await services.arm(`${subnet.id}?${networkApiVersion}`, { method: 'DELETE' });
        onDone();
      }}
    >
      <DeadRules vaults={naming} />
    </Confirm>
  );
}

function InsideView({ subnet, network }: { readonly subnet: Subnet; readonly network: VirtualNetwork }) {
  return (
    <>
      a private address of <span class="mono">{subnet.properties.addressPrefix}</span>, and the subnet{' '}
      <strong>
        {network.name}/{subnet.name}
      </strong>
    </>
  );
}

function OutsideView({ subnet, known }: { readonly subnet: Subnet; readonly known: Networks }) {
  return <>{publicAddressText(known.publicAddressesOf(subnet.id))}, and no subnet</>;
}
