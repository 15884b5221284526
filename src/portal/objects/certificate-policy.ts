/** A certificate's policy, as the fields of a form hold it. */
export interface PolicyDraft {
  /** An X.500 name: `CN=www.contoso.com`. */
  readonly subject: string;
  /** DNS names, one a line or between commas. */
  readonly dnsNames: string;
  readonly validityMonths: string;
  readonly issuer: string;
  readonly key: string;
  readonly contentType: string;
  readonly exportable: boolean;
  readonly reuseKey: boolean;
  readonly renews: string;
  readonly renewAtPercent: string;
}

export const plainPolicy: PolicyDraft = {
  subject: '',
  dnsNames: '',
  validityMonths: '12',
  issuer: 'Self',
  key: 'RSA 2048',
  contentType: 'application/x-pkcs12',
  exportable: true,
  reuseKey: false,
  renews: 'AutoRenew',
  renewAtPercent: '80',
};

export const contentTypes: Readonly<Record<string, string>> = {
  'application/x-pkcs12': 'PKCS #12 (.pfx)',
  'application/x-pem-file': 'PEM',
};

export const issuers: Readonly<Record<string, string>> = {
  Self: 'Self-signed certificate',
  Unknown: 'Certificate issued by a non-integrated CA',
};

export const renewals: Readonly<Record<string, string>> = {
  AutoRenew: 'Automatically renew',
  EmailContacts: 'E-mail all contacts',
};

/** The key types that certificates can have, as a list of one choice. */
export const certificateKeys = [
  'RSA 2048',
  'RSA 3072',
  'RSA 4096',
  'EC P-256',
  'EC P-384',
  'EC P-521',
  'EC P-256K',
] as const;

/** CertificatePolicy, as a vault gives it and takes it. */
export interface WirePolicy {
  readonly key_props?: {
    readonly exportable?: boolean;
    readonly kty?: string;
    readonly key_size?: number;
    readonly crv?: string;
    readonly reuse_key?: boolean;
  };
  readonly secret_props?: { readonly contentType?: string };
  readonly x509_props?: {
    readonly subject?: string;
    readonly sans?: { readonly dns_names?: readonly string[]; readonly emails?: readonly string[] };
    readonly validity_months?: number;
  };
  readonly lifetime_actions?: readonly {
    readonly trigger?: { readonly lifetime_percentage?: number; readonly days_before_expiry?: number };
    readonly action?: { readonly action_type?: string };
  }[];
  readonly issuer?: { readonly name?: string };
}

/** A certificate, as far as it says how it was made. */
export interface WireMade {
  readonly policy?: WirePolicy;
  readonly pending?: object;
}

/** Whether it came with its key from elsewhere: the vault never asked for it, and knows no issuer. */
export function wasImported({ policy, pending }: WireMade): boolean {
  return policy?.issuer?.name === 'Unknown' && pending === undefined;
}

export function policyBody(draft: PolicyDraft): WirePolicy {
  const [kty = 'RSA', of = ''] = draft.key.split(' ');
  const dnsNames = namesIn(draft.dnsNames);
  return {
    key_props: {
      exportable: draft.exportable,
      kty,
      ...(kty === 'RSA' ? { key_size: Number(of) } : { crv: of }),
      reuse_key: draft.reuseKey,
    },
    secret_props: { contentType: draft.contentType },
    x509_props: {
      subject: draft.subject,
      ...(dnsNames.length > 0 && { sans: { dns_names: dnsNames } }),
      validity_months: Number(draft.validityMonths),
    },
    lifetime_actions: [
      { trigger: { lifetime_percentage: Number(draft.renewAtPercent) }, action: { action_type: draft.renews } },
    ],
    issuer: { name: draft.issuer },
  };
}

/** The policy of a certificate as a draft for its next version. What the form has no field for is not in it. */
export function draftOfPolicy(policy: WirePolicy): PolicyDraft {
  const { key_props: key = {}, x509_props: x509 = {}, lifetime_actions: [action] = [] } = policy;
  const kind = key.kty ?? 'RSA';
  return {
    subject: x509.subject ?? '',
    dnsNames: (x509.sans?.dns_names ?? []).join('\n'),
    validityMonths: String(x509.validity_months ?? plainPolicy.validityMonths),
    issuer: policy.issuer?.name ?? 'Self',
    key: kind.startsWith('EC') ? `EC ${key.crv ?? 'P-256'}` : `RSA ${key.key_size ?? 2048}`,
    contentType: policy.secret_props?.contentType ?? plainPolicy.contentType,
    exportable: key.exportable ?? true,
    reuseKey: key.reuse_key ?? false,
    renews: action?.action?.action_type ?? plainPolicy.renews,
    renewAtPercent: String(action?.trigger?.lifetime_percentage ?? plainPolicy.renewAtPercent),
  };
}

function namesIn(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((name) => name !== '');
}
