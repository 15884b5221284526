import type { PageProps } from '../pages.tsx';
import { usePortal } from '../portal.ts';
import { Heading } from '../ui/parts.tsx';
import { Activity } from './activity.tsx';

/** The activity of all vaults that the user may read. */
export function ActivityPage({ query }: PageProps) {
  const { settings } = usePortal();
  return (
    <>
      <Heading title="Activity">
        <span>Requests to the vaults, as they are answered</span>
      </Heading>
      <Activity
        path={`/subscriptions/${settings.subscriptionId}/providers/Postern.Insight/activity`}
        at={['activity']}
        query={query}
        ofMany
      />
    </>
  );
}
