import { usePortal } from '../portal.ts';
import { Confirm } from '../ui/confirm.tsx';
import { hasEndpoint, networkApiVersion, publicAddressText, switchEffect, withEndpoint } from './network.ts';
import type { PublicAddresses, Subnet, SwitchEffect } from './network.ts';
import type { Networks } from './use-networks.ts';

/** Asks before the endpoint of a subnet is switched, with what that does. */
export function SwitchEndpoint({
  subnet,
  known,
  onDone,
  onClose,
}: {
  readonly subnet: Subnet;
  readonly known: Networks;
  readonly onDone: () => void;
  readonly onClose: () => void;
}) {
  const { services } = usePortal();
  const turnedOn = !hasEndpoint(subnet);
  const addresses = known.publicAddressesOf(subnet.id);
  const effect = switchEffect(subnet, { turnedOn, vaults: known.vaults, known: addresses.known });
  const verb = turnedOn ? 'Switch on' : 'Switch off';
  return (
    <Confirm
      title={`${verb} the service endpoint of ${subnet.name}?`}
      verb={verb}
      risky={effect.lose.length > 0}
      failed="The service endpoint could not be switched."
      onClose={onClose}
      work={async () => {
        await services.arm(`${subnet.id}?${networkApiVersion}`, {
          method: 'PUT',
          body: withEndpoint(subnet, turnedOn),
          ...(subnet.etag !== undefined && { ifMatch: subnet.etag }),
        });
        onDone();
      }}
    >
      <Effects subnet={subnet} turnedOn={turnedOn} addresses={addresses} effect={effect} />
    </Confirm>
  );
}

function Effects({
  subnet,
  turnedOn,
  addresses,
  effect: { lose, gain, naming },
}: {
  readonly subnet: Subnet;
  readonly turnedOn: boolean;
  readonly addresses: PublicAddresses;
  readonly effect: SwitchEffect;
}) {
  return (
    <ul class="steps">
      <li>
        {turnedOn ? (
          <>
            Vaults then see a private address of <span class="mono">{subnet.properties.addressPrefix}</span> and the
            subnet. No IP rule matches such a request.
          </>
        ) : (
          <>Vaults then see {publicAddressText(addresses)}, and not the subnet any more.</>
        )}
      </li>
      {naming.length > 0 && (
        <li>
          The {naming.length === 1 ? 'rule' : 'rules'} of {naming.join(', ')} for this subnet{' '}
          {turnedOn ? 'begin' : 'stop'}
          {naming.length === 1 ? 's' : ''} to match.
        </li>
      )}
      {lose.length > 0 && (
        <li class="bad">
          <strong>{lose.join(', ')}</strong> {lose.length === 1 ? 'does' : 'do'} not let the subnet in any more.
        </li>
      )}
      {gain.length > 0 && (
        <li>
          <strong>{gain.join(', ')}</strong> {gain.length === 1 ? 'lets' : 'let'} the subnet in from then on.
        </li>
      )}
      <li>The open connections of this subnet to vaults end; those of other subnets do not.</li>
    </ul>
  );
}
