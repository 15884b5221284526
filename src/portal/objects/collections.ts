import type { Collection } from '../../types/collection.ts';
import type { Permission } from '../../types/operation.ts';

/** The version of the vaults' API that the pages speak. */
const apiVersion = 'api-version=7.6';

/** An object or a version of one, as the lists of a vault have it; times in seconds since 1970. */
export interface WireItem {
  readonly id?: string;
  /** Keys have this in place of `id`. */
  readonly kid?: string;
  readonly attributes?: {
    readonly enabled?: boolean;
    readonly nbf?: number;
    readonly exp?: number;
    readonly created?: number;
    readonly updated?: number;
  };
  readonly tags?: Readonly<Record<string, string>>;
  readonly contentType?: string;
  readonly managed?: boolean;
  readonly deletedDate?: number;
  readonly scheduledPurgeDate?: number;
}

/** The same, read; every time in seconds since 1970. */
export interface ObjectRow {
  readonly id: string;
  readonly name: string;
  /** In a list of versions only. */
  readonly version: string;
  readonly enabled: boolean;
  readonly notBefore: number | undefined;
  readonly expires: number | undefined;
  readonly created: number;
  readonly updated: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly contentType: string;
  /** The key or the secret of a certificate: it changes only with it. */
  readonly managed: boolean;
  readonly deleted: number | undefined;
  readonly purged: number | undefined;
}

export function rowOf(item: WireItem): ObjectRow {
  const { attributes = {}, tags = {}, contentType = '', managed = false } = item;
  const id = item.id ?? item.kid ?? '';
  const [name = '', version = ''] = id.split('/').slice(4);
  return {
    id,
    name,
    version,
    enabled: attributes.enabled ?? true,
    notBefore: attributes.nbf,
    expires: attributes.exp,
    created: attributes.created ?? 0,
    updated: attributes.updated ?? 0,
    tags,
    contentType,
    managed,
    deleted: item.deletedDate,
    purged: item.scheduledPurgeDate,
  };
}

/** The words and the permissions of a collection. */
export interface CollectionWords {
  readonly one: string;
  readonly title: string;
  /** The command of the Azure CLI that makes one, without `--vault-name`. */
  readonly az: string;
  readonly create: Permission;
  readonly change: Permission;
}

export const collections: Readonly<Record<Collection, CollectionWords>> = {
  secrets: {
    one: 'secret',
    title: 'Secrets',
    az: 'az keyvault secret set --name my-secret --value my-value',
    create: 'secrets/set',
    change: 'secrets/set',
  },
  keys: {
    one: 'key',
    title: 'Keys',
    az: 'az keyvault key create --name my-key --kty RSA',
    create: 'keys/create',
    change: 'keys/update',
  },
  certificates: {
    one: 'certificate',
    title: 'Certificates',
    az: 'az keyvault certificate create --name my-certificate --policy "$(az keyvault certificate get-default-policy)"',
    create: 'certificates/create',
    change: 'certificates/update',
  },
};

/** The path below a vault's address, with the API's version. Every segment is encoded. */
export function dataPath(segments: readonly string[]): string {
  return `${segments.map((segment) => encodeURIComponent(segment)).join('/')}?${apiVersion}`;
}

export type Status = 'Enabled' | 'Disabled' | 'Expired' | 'Not active yet';

/** Sums up the attributes at a time. `enabled` alone is enforced for secrets; the dates inform their readers. */
export function statusOf(
  { enabled, notBefore = 0, expires = Infinity }: Pick<ObjectRow, 'enabled' | 'notBefore' | 'expires'>,
  nowSeconds: number,
): Status {
  if (!enabled) return 'Disabled';
  if (expires <= nowSeconds) return 'Expired';
  return notBefore > nowSeconds ? 'Not active yet' : 'Enabled';
}

/** The rows with the filter in the name, the content type or a tag written as `name=value`, in capitals or not. */
export function filtered(rows: readonly ObjectRow[], filter: string): readonly ObjectRow[] {
  const wanted = filter.trim().toLowerCase();
  if (wanted === '') return rows;
  return rows.filter(({ name, contentType, tags }) =>
    [name, contentType, ...Object.entries(tags).map(([tag, value]) => `${tag}=${value}`)].some((text) =>
      text.toLowerCase().includes(wanted),
    ),
  );
}

/** The newest first. Of two that were made in the same second, the order is the vault's. */
export function newestFirst(versions: readonly ObjectRow[]): readonly ObjectRow[] {
  return versions.toSorted((one, other) => other.created - one.created);
}
