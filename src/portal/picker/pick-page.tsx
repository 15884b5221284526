import { useState } from 'preact/hooks';
import { hrefOf } from '../navigation.ts';
import type { PageProps } from '../pages.tsx';
import { useLoaded, usePortal } from '../portal.ts';
import { collections } from '../objects/collections.ts';
import { writeIdentifier } from '../objects/identifier.ts';
import { Failed } from '../ui/message.tsx';
import { Card, Empty, Heading, Loading } from '../ui/parts.tsx';
import { bladeOf, typeIn } from './blades.ts';
import type { Blade, Chosen, Resource } from './blades.ts';
import { hrefOfBlade } from './blade-href.ts';
import { KeyVaultPicker } from './key-vault-picker.tsx';
import { StandingNote } from './standing-note.tsx';
import './picker.css';

/** The picker as a page: `/portal/pick/keys?for=RESOURCE`. It returns to the page of that resource, and nowhere else. */
export function PickPage({ rest: [kind], query }: PageProps) {
  const id = query.get('for') ?? '';
  const blade = bladeOf(typeIn(id));
  if (blade !== undefined && blade.kind === kind) return <PickFor key={id} id={id} blade={blade} />;
  return (
    <>
      <Heading title="Choose from Key Vault" />
      <Empty title="It is not said for which resource.">
        <p>
          <a href={hrefOf(['resources'])}>See the resources that use a vault</a>
        </p>
      </Empty>
    </>
  );
}

function PickFor({ id, blade }: { readonly id: string; readonly blade: Blade }) {
  const { services } = usePortal();
  const [chosen, setChosen] = useState<Chosen>();
  const { loaded, reload } = useLoaded((signal) => services.arm<Resource>(`${id}?${blade.apiVersion}`, { signal }), id);
  const { one } = collections[blade.kind];
  return (
    <>
      <Heading title={`Choose a ${one} from Key Vault`}>
        <span>
          for the {blade.noun} {id.split('/').at(-1)}
        </span>
      </Heading>
      {loaded.state === 'loading' && <Loading what={`the ${blade.noun}`} />}
      {loaded.state === 'failed' && (
        <Failed what={`The ${blade.noun} could not be loaded.`} error={loaded.error} again={reload} />
      )}
      {loaded.state === 'ready' && (
        <Card>
          <KeyVaultPicker
            kind={blade.kind}
            versions={blade.kind === 'keys'}
            standing={(vault) => <StandingNote vault={vault} blade={blade} resource={loaded.value.value} />}
            onChange={setChosen}
          />
          <p class="buttons">
            {chosen !== undefined && (
              <a class="button button-main" href={hrefOfBlade(id, writeIdentifier(chosen.identifier))}>
                Select
              </a>
            )}
            <a class="button" href={hrefOfBlade(id)}>
              Cancel
            </a>
          </p>
        </Card>
      )}
    </>
  );
}
