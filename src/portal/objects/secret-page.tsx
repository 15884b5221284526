import { ObjectFrame } from './object-frame.tsx';
import type { ObjectPageProps } from './objects-tab.tsx';
import { SecretValue } from './secret-value.tsx';
import { hrefIn } from './use-vault.ts';

export function SecretPage(props: ObjectPageProps) {
  const { place, name } = props;
  return (
    <ObjectFrame
      {...props}
      actions={() => (
        <a class="button button-main" href={hrefIn(place, [name], 'new')}>
          New version
        </a>
      )}
      details={(row) => <SecretValue key={row.id} vault={place.vault} row={row} />}
    />
  );
}
