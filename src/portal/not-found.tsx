import { hrefOf } from './navigation.ts';
import { Empty, Heading } from './ui/parts.tsx';

export function NotFoundPage() {
  return (
    <>
      <Heading title="There is no such page" />
      <Empty title="The address leads nowhere in this portal.">
        <p>
          <a href={hrefOf([])}>Go to the vaults</a>
        </p>
      </Empty>
    </>
  );
}
