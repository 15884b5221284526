import { accept, breached, wrong } from '../shape/fault.ts';
import { array, boolean, optional, refine, wholeNumber } from '../shape/shape.ts';
import { object, unique } from './config-parts.ts';
import { nonEmptyString, secret, webAddress } from './values.ts';

const storageAccountName = refine(nonEmptyString, (name) =>
  /^[a-z0-9]{3,24}$/.test(name) ? accept(name) : wrong(name, 'must be 3 to 24 lower-case letters and digits'),
);

/** Where a sink is. Its messages name it, so it holds nothing secret. */
const sinkAddress = refine(webAddress, (given) =>
  given.includes('?')
    ? breached(given, ' must not have a query: a signature belongs into credential, a key into headers')
    : accept(given),
);

/** A key of a storage account in base64, or a shared access signature as a query. */
const storageCredential = refine(secret, (given) =>
  /^(?:\S*[?&])?sig=[^\s&]+(?:&\S*)?$|^[A-Za-z0-9+/]{16,}={0,2}$/.test(given)
    ? accept(given)
    : breached({}, ' must be a key of the account in base64, or a shared access signature (sv=…&sig=…)'),
);

/** A storage account of Azure or of an emulator, and what opens it. */
const storageAccountOf = refine(
  object({ name: storageAccountName, endpoint: optional(sinkAddress), credential: storageCredential }),
  ({ name, endpoint: service = `https://${name}.blob.core.windows.net`, credential }) =>
    accept({ name, endpoint: service, credential }),
);

/** RFC 9110 section 5.6.2, a token. */
const headerName = refine(nonEmptyString, (name) =>
  /^[!#$%&'*+.^`|~\w-]+$/.test(name) ? accept(name) : wrong(name, 'must be the name of a header'),
);

/** RFC 9110 section 5.5: no control character but the tab. A value may be a key, so an invalid one is not shown. */
const headerValue = refine(secret, (value) =>
  /^[\t\u0020-\u007e\u0080-\u00ff]+$/.test(value)
    ? accept(value)
    : breached({}, ' must not contain a line break, or another character that no header may have'),
);

/** A collector of OpenTelemetry. The headers may hold its key. */
const collectorOf = object({
  name: refine(nonEmptyString, (name) =>
    /^[\w.-]{1,64}$/.test(name)
      ? accept(name)
      : wrong(name, 'must be 1 to 64 letters, digits, dots, hyphens and underscores'),
  ),
  endpoint: sinkAddress,
  headers: optional(array(object({ name: headerName, value: headerValue })), []),
  everything: optional(boolean, false),
});

/** How the audit log is written, kept and delivered. */
export const auditConfig = object({
  fsync: optional(boolean),
  maxBytes: optional(wholeNumber(64 * 1024, Number.MAX_SAFE_INTEGER)),
  files: optional(wholeNumber(1, 10_000)),
  keepDays: optional(wholeNumber(0, 36_500)),
  undeliveredMaxBytes: optional(wholeNumber(0, Number.MAX_SAFE_INTEGER)),
  otlp: optional(
    refine(
      array(collectorOf),
      unique('name', (name) => name.toLowerCase()),
    ),
  ),
  storageAccounts: optional(refine(array(storageAccountOf), unique('name'))),
});
