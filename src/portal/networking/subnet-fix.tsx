import { useState } from 'preact/hooks';
import type { RuleLife } from '../../types/activity.ts';
import { usePortal } from '../portal.ts';
import { Failed } from '../ui/message.tsx';
import { subnetRuleKey, withAcls } from './draft.ts';
import type { Draft } from './draft.ts';
import { switchEndpointOn } from './subnet-endpoint.ts';
import type { Editing } from './use-draft.ts';
import type { Known } from './use-known.ts';

interface SubnetFixProps {
  readonly state: RuleLife;
  /** ARM id of the rule's subnet. */
  readonly id: string;
  readonly editing: Editing;
  readonly known: Known;
}

const labels: Readonly<Partial<Record<RuleLife, string>>> = {
  endpointOff: 'Switch the service endpoint on',
  earlierSubnet: 'Make the rule again, for the subnet of today',
};

/** Helps a rule that lets no client in. It works at once, and is not a part of the draft. */
export function SubnetFix({ state, id, editing: { base, isDirty, patch }, known }: SubnetFixProps) {
  const { services } = usePortal();
  const [{ busy, failed }, setState] = useState<{ readonly busy: boolean; readonly failed?: unknown }>({ busy: false });
  const label = labels[state];
  if (label === undefined) return null;
  const isRemade = state === 'earlierSubnet';
  const start = async () => {
    setState({ busy: true });
    try {
      if (isRemade) await patch([withoutRule(base, id), base]);
      else await switchEndpointOn(services, id);
      known.reloadNetworks();
      setState({ busy: false });
    } catch (error) {
      setState({ busy: false, failed: error });
    }
  };
  return (
    <div class="rule-fix">
      <button type="button" class="quiet" disabled={busy || (isRemade && isDirty)} onClick={() => void start()}>
        {label}
      </button>
      {isRemade && isDirty && <span class="detail">Save or discard the other changes first.</span>}
      {failed !== undefined && <Failed what="That did not work." error={failed} />}
    </div>
  );
}

/** A rule keeps its binding as long as its id is in the list: it has to go before it comes back. */
function withoutRule(base: Draft, id: string): Draft {
  const { virtualNetworkRules } = base.networkAcls;
  return withAcls(base, {
    virtualNetworkRules: virtualNetworkRules.filter((rule) => subnetRuleKey(rule) !== subnetRuleKey({ id })),
  });
}
