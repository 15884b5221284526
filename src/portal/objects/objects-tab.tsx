import type { FunctionComponent } from 'preact';
import type { Collection } from '../../types/collection.ts';
import type { VaultTabProps } from '../vaults/vault-page.tsx';
import { CertificatePage } from './certificate-page.tsx';
import { DeletedList } from './deleted-list.tsx';
import { ImportCertificate } from './import-certificate.tsx';
import { ImportKey } from './import-key.tsx';
import { KeyPage } from './key-page.tsx';
import { NewByPolicy, NewCertificate } from './new-certificate.tsx';
import { NewKey } from './new-key.tsx';
import { NewSecret } from './new-secret.tsx';
import { ObjectList } from './object-list.tsx';
import { SecretPage } from './secret-page.tsx';
import type { Place } from './use-vault.ts';
import './objects.css';

export interface ObjectPageProps {
  readonly place: Place;
  readonly name: string;
  /** `''`: the newest. */
  readonly version: string;
}

/** `name`: of the object that gets another version. */
export interface FormProps {
  readonly place: Place;
  readonly name: string | undefined;
}

interface Views {
  readonly object: FunctionComponent<ObjectPageProps>;
  /** By `?view=`, because an object may have any name. */
  readonly forms: Readonly<Record<string, FunctionComponent<FormProps>>>;
}

const views: Readonly<Record<Collection, Views>> = {
  secrets: { object: SecretPage, forms: { new: NewSecret } },
  keys: { object: KeyPage, forms: { new: NewKey, import: ImportKey } },
  certificates: {
    object: CertificatePage,
    forms: { new: NewCertificate, policy: NewByPolicy, import: ImportCertificate },
  },
};

function ObjectsTab({ vault, rest, query, collection }: VaultTabProps & { readonly collection: Collection }) {
  const [name, version = ''] = rest;
  const view = query.get('view') ?? '';
  const place = { vault, collection };
  const { object: ObjectPage, forms } = views[collection];
  const Form = Object.hasOwn(forms, view) ? forms[view] : undefined;
  if (Form !== undefined) return <Form key={name} place={place} name={name} />;
  if (name !== undefined) return <ObjectPage key={name} place={place} name={name} version={version} />;
  if (view === 'deleted') return <DeletedList key={collection} place={place} query={query} />;
  return <ObjectList key={collection} place={place} query={query} />;
}

export function SecretsTab(props: VaultTabProps) {
  return <ObjectsTab {...props} collection="secrets" />;
}

export function KeysTab(props: VaultTabProps) {
  return <ObjectsTab {...props} collection="keys" />;
}

export function CertificatesTab(props: VaultTabProps) {
  return <ObjectsTab {...props} collection="certificates" />;
}
