import { Card } from '../ui/parts.tsx';
import { boundaryInWords } from './vault.ts';
import type { VaultTabProps } from './vault-page.tsx';

export function Overview({ vault }: VaultTabProps) {
  return <Card title="Lets in">{boundaryInWords(vault)}</Card>;
}
