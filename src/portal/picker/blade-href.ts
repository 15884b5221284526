import { hrefOf } from '../navigation.ts';

/** The page of a resource; `chosen`: an identifier to save there. */
export function hrefOfBlade(id: string, chosen?: string): string {
  const [, , , , group = '', , namespace = '', type = '', name = ''] = id.split('/');
  return hrefOf(['resources', group, namespace, type, name], { chosen });
}
